"""Do creases bundle? Tangents of a circle, and nearest neighbors of trained creases.

The first origami post sees the creases of a one-layer network gather into bundles,
though the circle that is learned is rotation invariant, and asks why. Here each crease
is a line with a direction and an offset. How many are tangent to a circle just outside
the disc is counted, and how close they are is held against creases drawn by the law of
the initialization, and against creases of other networks trained alike.

Source: T. Dullien, origami post of 2024-07-04. Candidate causes: early alignment, H.
Maennel, O. Bousquet, S. Gelly, Gradient descent quantizes ReLU network features
(arXiv 1803.08367); the pull of the residual, derived in `experiments.bundling.pull`.
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
