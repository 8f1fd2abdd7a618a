"""Functional dimension at initialization, by width and depth.

How many parameters of a network can be told from its function: the rank of the
derivative of all affine pieces in all parameters.

Source: J. E. Grigsby, K. Lindsey, D. Rolnick, Hidden symmetries of ReLU networks, ICML
2023 (2306.06179).
"""

from experiments.functional_dimension.figure import draw
from experiments.functional_dimension.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="functional_dimension",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
