"""Almost orthogonal directions: how many there are, at random and optimized.

The largest cosine of random unit vectors, its root mean square, and the number of
vectors that keep all cosines within a bound, each against its law; and packings that
gradient descent improves.

Source: Hoagy, comment on beren's "Deep learning models might be secretly (almost)
linear", 2023, which appeals to the Johnson-Lindenstrauss lemma.
"""

from experiments.almost_orthogonal.figure import draw
from experiments.almost_orthogonal.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="almost_orthogonal",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
