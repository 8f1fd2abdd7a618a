"""Local complexity around data over long training.

Networks learn 200 digits for very long. Around training digits, held-out digits and
random points, the units are counted that change sign over a small random cross-polytope
(Humayun et al.), and the density of kinks at the data is measured (Patel & Montufar).

Sources: A. I. Humayun, R. Balestriero, R. Baraniuk, Deep networks always grok and here
is why, ICML 2024, arXiv 2402.15555. N. Patel, G. Montufar, On the local complexity of
linear regions in deep ReLU networks, ICML 2025, arXiv 2412.18283.
"""

from experiments.local_complexity.figure import draw
from experiments.local_complexity.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="local_complexity",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
