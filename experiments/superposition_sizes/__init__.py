"""Superposition with 20 to 400 features: how many a model stores, and what it gains.

Toy models of sparse features in fewer dimensions, beside two closed forms: the best
linear model, which keeps as many features as it has dimensions, and two features on
each axis in opposite senses.
"""

from experiments.running.studies import Study
from experiments.superposition_sizes.figure import draw
from experiments.superposition_sizes.study import ABOUT, PRESETS, conduct, read

STUDY = Study(
    name="superposition_sizes",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
