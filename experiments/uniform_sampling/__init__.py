"""What uniform sampling finds of the regions, by dimension and volume.

Exact counts of random networks on a box in two to eight dimensions, and how many of
their regions are met by uniform points.

Source: R. Balestriero, Y. LeCun, Fast and exact enumeration of deep networks partitions
regions, 2023 (2401.11188).
"""

from experiments.running.studies import Study
from experiments.uniform_sampling.figure import draw
from experiments.uniform_sampling.study import ABOUT, PRESETS, conduct, read

STUDY = Study(
    name="uniform_sampling",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
