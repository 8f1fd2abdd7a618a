"""Bounds of the literature against exact counts of random networks.

Random ReLU networks of the plane over widths and depths, counted exactly in the whole
plane, between all lower and upper bounds; and one hidden layer in 2 to 4 dimensions,
where the count is a formula.

Source: T. Zaslavsky 1975; R. Pascanu et al. 2013 (1312.6098); G. Montufar et al. 2014
(1402.1869); G. Montufar 2017; M. Raghu et al. 2017 (1606.05336); T. Serra et al. 2018
(1711.02114); R. Arora et al. 2018 (1611.01491); P. Hinz, S. van de Geer 2018
(1806.01918).
"""

from experiments.bounds_and_counts.figure import draw
from experiments.bounds_and_counts.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="bounds_and_counts",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
