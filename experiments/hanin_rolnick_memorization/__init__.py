"""Can training be driven to many regions? Memorization, noise, rates, initial scales.

Networks of depth 3 memorize random classes of random points of the plane, and learn
digits with part of the classes replaced by random ones, at several learning rates and
from several scales of initialization. Regions are counted exactly on whole planes.

Source: B. Hanin, D. Rolnick, Deep ReLU networks have surprisingly few activation
patterns, NeurIPS 2019, arXiv 1906.00904, figures on memorization.
"""

from experiments.hanin_rolnick_memorization.figure import draw
from experiments.hanin_rolnick_memorization.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="hanin_rolnick_memorization",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
