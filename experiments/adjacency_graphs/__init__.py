"""Degrees and diameters of the adjacency graph, over dimension, width and depth.

Networks learn three Gaussian blobs. The partition of a box around the data is found
exactly, with the facets that regions share; degrees, diameters, and the regions that
contain data against the rest are read off the graph.

Source: B. Gaines, J. Bi, Characterizing the discrete geometry of ReLU networks, ICLR
2026, arXiv 2606.07728.
"""

from experiments.adjacency_graphs.figure import draw
from experiments.adjacency_graphs.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="adjacency_graphs",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
