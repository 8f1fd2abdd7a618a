"""Whether networks are more linear the wider they are and the more they are shown.

Classifiers of three tasks, three widths and two numbers of points: how much of the
network is an affine function of its inputs, and how much of the classes is an affine
function of the leading directions of its last embedding.
"""

from experiments.linearity_and_scale.figure import draw
from experiments.linearity_and_scale.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="linearity_and_scale",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
