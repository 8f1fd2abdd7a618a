"""Activation regions on planes through data, at initialization and over training.

Networks of several shapes learn digits; on the whole plane through the origin and two
training images every activation region is counted, exactly, and divided by N^2 / 2 for
N hidden units.

Source: B. Hanin, D. Rolnick, Deep ReLU networks have surprisingly few activation
patterns, NeurIPS 2019, arXiv 1906.00904.
"""

from experiments.hanin_rolnick_planes.figure import draw
from experiments.hanin_rolnick_planes.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="hanin_rolnick_planes",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
