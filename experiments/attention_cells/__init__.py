"""Cells of several heads of hard attention over a fixed context.

A head is a power diagram, and several cut together: how many cells there are, by heads,
tokens and dimension, against N^H.

Source: Y. Su, Y. Liu, Expressivity of Transformers: A Tropical Geometry Perspective,
2026 (2604.14727).
"""

from experiments.attention_cells.figure import draw
from experiments.attention_cells.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="attention_cells",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
