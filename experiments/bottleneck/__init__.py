"""A network that squeezes the ring through two units, against one that does not.

Ten layers of ten units, one of two, three of ten, and the 14x6 network, ten seeds
each. Between the two parts the whole image lies in a plane, the only inside of a deep
network that can be drawn as it is: what the first part makes of the ring, and how the
second cuts that plane.
"""

from experiments.bottleneck.figure import draw
from experiments.bottleneck.study import ABOUT, PRESETS, conduct, read, summary_rows
from experiments.running.studies import Study

STUDY = Study(
    name="bottleneck",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
