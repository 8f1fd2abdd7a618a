"""How many of 2^n codes a network uses: the geometry's maximum, the box, the data.

Five units have 32 possible codes. How many occur is bounded by the input dimension and
by whether there are biases; how many hold data depends on the data and on training.
Settings in which about 7 of 32 are occupied are searched for, and wider and deeper
networks are counted against N^d / d!.
"""

from experiments.region_utilization.figure import draw
from experiments.region_utilization.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="region_utilization",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
