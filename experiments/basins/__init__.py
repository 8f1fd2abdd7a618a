"""Basins of attraction of dense associative memories, over neurons and patterns.

How far a state may be from a stored pattern to fall back to it: for powers and the
exponential, over the number of neurons, with the same number of patterns for all, up to
one for each neuron; beside the nearest pattern, which no memory can beat.
"""

from experiments.basins.figure import draw
from experiments.basins.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="basins",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
