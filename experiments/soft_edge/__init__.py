"""How soft an edge a network draws: width over time by depth, weight decay and scale.

The first origami post expected one narrow polytope with very large slopes around a
sharp edge, saw a soft one, and asks whether regularization prevents it. Here the 10-90
width of the disc's edge is followed for shallow and deep networks with about as many
parameters, and the largest slope is taken exactly, over all activation regions.
"""

from experiments.running.studies import Study
from experiments.soft_edge.figure import draw
from experiments.soft_edge.study import ABOUT, PRESETS, conduct, read, summary_rows

STUDY = Study(
    name="soft_edge",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
