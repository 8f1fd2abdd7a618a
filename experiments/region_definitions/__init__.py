"""Definitions of a linear region, counted for the same networks.

Activation regions with and without those that have no interior, open and closed
connected regions, and affine regions; small networks, found by search, that tell every
two of them apart.

Source: M. Stargalla, C. Hertrich, D. Reichman, The computational complexity of counting
linear regions in ReLU neural networks, NeurIPS 2025 (2505.16716).
"""

from experiments.region_definitions.figure import draw
from experiments.region_definitions.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="region_definitions",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
