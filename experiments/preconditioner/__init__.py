"""A network as a preconditioner: what the cosine of the norm looks like in its layers.

An essay of 2021 says that training makes a map to a space in which the target is as
good as linear: for cos(||x||) on a square, the last embedding's first two principal
components and the target make a plane. Here that is a number by layer and over
training, beside random weights and an autoencoder.
"""

from experiments.preconditioner.figure import draw
from experiments.preconditioner.study import ABOUT, PRESETS, conduct, read, summary_rows
from experiments.running.studies import Study

STUDY = Study(
    name="preconditioner",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
