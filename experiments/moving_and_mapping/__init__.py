"""Learning moves the partition and changes the maps: how much of each, and until when.

Networks learn two moons. Each epoch's change of the outputs is split into what the
moved partition did and what the changed maps did; creases of the first layer are
followed one by one; and parts of the parameters are trained alone.
"""

from experiments.moving_and_mapping.figure import draw
from experiments.moving_and_mapping.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="moving_and_mapping",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
