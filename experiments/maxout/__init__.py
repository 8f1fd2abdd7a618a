"""A seeded maxout network of the literature, and linear regions over the rank.

Maxout units are tournaments of ReLU units, so the engines of `regions` take them as
they are. At rank 2 every activation region is a linear region; above, the tournament
cuts more than the network bends, and regions of equal affine maps are merged.

Source: H. Tseran, G. Montufar, On the expected complexity of maxout networks, NeurIPS
2021, arXiv 2107.00379, and the numbers in the README of its code.
"""

from experiments.maxout.figure import draw
from experiments.maxout.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="maxout",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
