"""Do networks that memorize give points regions of their own?

Networks learn two moons of which a share of the labels is random. Training points are
grouped by the region that holds them: points a region, and regions that hold one point
alone, over the share of random labels.
"""

from experiments.memorization_index.figure import draw
from experiments.memorization_index.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="memorization_index",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
