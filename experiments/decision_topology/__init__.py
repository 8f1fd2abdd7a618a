"""Betti numbers of decision boundaries at initialization, by width and depth.

Random networks with one output on two and three inputs: the topology of where the
output is zero, in the whole space, exactly.

Source: M. Masden, Algorithmic determination of the combinatorial structure of the
linear regions of ReLU neural networks, SIAGA 2025 (2207.07696); J. E. Grigsby,
K. Lindsey 2022 (2008.09052).
"""

from experiments.decision_topology.figure import draw
from experiments.decision_topology.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="decision_topology",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
