"""Neighbors in a network's embedding: is what they say better than in the inputs?

An essay of 2021 says that nearest neighbors in the last embedding of a trained network
predict better than neighbors among the inputs, usually much, on any problem. Here that
is tried on a surface known at 40 points (the essay's own picture), on the cosine of the
norm at 10,000, on digits and on diabetes, with read-outs from neighbors, Shepard's
weights, triangles and least squares, on the inputs and on every layer.
"""

from experiments.embedding_neighbors.figure import draw
from experiments.embedding_neighbors.study import (
    ABOUT,
    PRESETS,
    conduct,
    read,
    summary_rows,
)
from experiments.running.studies import Study

STUDY = Study(
    name="embedding_neighbors",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
