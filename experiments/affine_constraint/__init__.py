"""A network that is affine on a given polygon, trained so and proved by enumeration.

Networks learn a disc while their biases are shifted, at every update, by what makes
them affine on a pentagon across the disc's edge. The enumerator then finds every
activation region on the pentagon: one.

Source: S. Shekkizhar, MLPs as hashing functions, 2024 (domain constraints, an outlook);
R. Balestriero, Y. LeCun, POLICE, 2022, arXiv 2211.01340.
"""

from experiments.affine_constraint.figure import draw
from experiments.affine_constraint.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="affine_constraint",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
