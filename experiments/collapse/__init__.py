"""The collapse of the 20x40 network, at the size of the post and update by update.

A ring is learned, its error falls for thousands of epochs, and then comes back up, in
the post and in one seed of ours to that of a constant: when, in which layer first, what
is left of the partition, and where it settles after that.

Source: T. Dullien, origami post of 2025-04-05.
"""

from experiments.collapse.figure import draw
from experiments.collapse.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="collapse",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
