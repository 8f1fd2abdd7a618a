"""Sublevel sets of the 0/1 loss in the space of parameters, and their components.

On cones of parameters a classifier treats its data alike. All cones are found, and for
every labeling of the data those with few errors fall into components.

Source: M.-C. Brandenburg, G. Loho, G. Montufar, The real tropical geometry of neural
networks for binary classification, TMLR 2024 (2403.11871).
"""

from experiments.loss_sublevels.figure import draw
from experiments.loss_sublevels.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="loss_sublevels",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
