"""One unit is one hyperplane: its two half-spaces, its offset, and the side it is on.

A unit's pre-activation `w x + b` is zero on a line of the plane, at the signed offset
`-b / |w|` along the normal `w / |w|`; its bit says on which side of the line a point
lies. Bits of a dense grid are held against the signs in exact arithmetic, points on the
line included, and the two enumerated regions against the closed formulas.
"""

from experiments.neuron_hyperplane.figure import draw
from experiments.neuron_hyperplane.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="neuron_hyperplane",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
