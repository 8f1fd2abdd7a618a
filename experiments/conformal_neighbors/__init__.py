"""Distributions from neighbors: intervals that hold, and whether an embedding helps.

An essay of 2021 says that many nearest neighbors in an embedding give predictions of
distributions, with statistical bounds. Here the quantiles of the values of neighbors,
in the inputs and in the last embedding, are corrected by split-conformal calibration;
what is judged is their coverage on other points, before and after, and their width.
"""

from experiments.conformal_neighbors.figure import draw
from experiments.conformal_neighbors.study import (
    ABOUT,
    PRESETS,
    conduct,
    read,
    summary_rows,
)
from experiments.running.studies import Study

STUDY = Study(
    name="conformal_neighbors",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
