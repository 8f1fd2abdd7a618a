"""How far networks shrink without an error, and how the error grows beyond that.

Trained networks are made smaller in four ways: exactly, by units that keep their sign
in a box (equality is proved); by units whose bit is the same at all data; by merging
units with nearly equal creases; and by leaving out the lightest units. The largest
difference on the box is found at vertices, not on a grid.
"""

from experiments.compression.figure import draw
from experiments.compression.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="compression",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
