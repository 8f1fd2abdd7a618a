"""Is ReLU as good as anything? Four piecewise-linear activations on the ring.

The same 14x6 network learns the same points with ReLU, leaky ReLU, PReLU and the
absolute value; errors on all pixels and exact region counts are compared seed by seed.
"""

from experiments.activations.figure import draw
from experiments.activations.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="activations",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
