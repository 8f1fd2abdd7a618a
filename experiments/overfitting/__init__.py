"""Does a network with far more parameters than points overfit the ring?

Thirty-wide networks learn the ring from 5000 down to 312 pixels, ten seeds each, all
with the same number of updates of the same size, and the fewest pixels by networks of
the post's depth for as long as there. They are held to the whole image, beside kernel
smoothing and the nearest neighbor on the same pixels.
"""

from experiments.overfitting.figure import draw
from experiments.overfitting.study import ABOUT, PRESETS, conduct, read, summary_rows
from experiments.running.studies import Study

STUDY = Study(
    name="overfitting",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
