"""Effective linear pieces of trained networks of one variable, over the width.

Networks of one hidden layer learn, by gradient descent on the logistic loss, a sign
that changes four times. However wide they are, few of their pieces matter: a broken
line of few pieces stays within 3 % of the graph's range.

Source: I. Safran, G. Vardi, J. D. Lee, On the effective number of linear regions in
shallow univariate ReLU networks, NeurIPS 2022, arXiv 2205.09072.
"""

from experiments.effective_pieces.figure import draw
from experiments.effective_pieces.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="effective_pieces",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
