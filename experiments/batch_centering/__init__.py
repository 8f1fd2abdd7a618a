"""Regions near the data, with batch normalization in training and without.

Given the batch, batch normalization moves every hyperplane to the batch's mean. Regions
in a window around it are counted exactly, by depth and by how far the data are from
the origin.

Source: X. Qi, Y. Wei, F. Yu, F. Shen, V. Murino, C. Beyan, Training-time batch
normalization reshapes local partition geometry in piecewise-affine networks, 2026
(2605.04946).
"""

from experiments.batch_centering.figure import draw
from experiments.batch_centering.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="batch_centering",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
