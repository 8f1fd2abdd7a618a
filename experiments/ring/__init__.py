"""From an image to an exact partition: the black ring of the origami posts.

A 14x6 leaky-ReLU network learns the 1024x1024 ring from 5000 of its pixels; then every
activation region in the unit square is found, measured and verified.

Sources: T. Dullien, two posts on neural networks as origami, 2024-07-04 and 2025-04-05.
Their "6000 steps" are epochs of five updates.
"""

from experiments.ring.figure import draw
from experiments.ring.study import ABOUT, PRESETS, conduct, read, summary_rows
from experiments.running.studies import Study

STUDY = Study(
    name="ring",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
