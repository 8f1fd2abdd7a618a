"""Do creases bundle? Nearest neighbors of trained creases against matched nulls.

The first origami post sees the creases of a one-layer network gather into bundles,
though the circle that is learned is rotation invariant, and asks why. Here each crease
is a point (direction, offset) and its distance to the nearest other one is compared
with random creases and with the network's own initial ones, for several causes.

Source: T. Dullien, origami post of 2024-07-04. Candidate causes: early alignment, H.
Maennel, O. Bousquet, S. Gelly, Gradient descent quantizes ReLU network features
(arXiv 1803.08367).
"""

from experiments.bundling.figure import draw
from experiments.bundling.study import ABOUT, PRESETS, conduct, read, summary_rows
from experiments.running.studies import Study

STUDY = Study(
    name="bundling",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
