"""How well, and with how many regions, a 14x6 network learns the ring from any seed.

Sixteen networks train together on the same 5000 pixels; each is held to all pixels of
the image, and its activation regions are counted exactly before and after, and by the
grid of pixels.
"""

from experiments.ring_quality.figure import draw
from experiments.ring_quality.study import ABOUT, PRESETS, conduct, read, summary_rows
from experiments.running.studies import Study

STUDY = Study(
    name="ring_quality",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
