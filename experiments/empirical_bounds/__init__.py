"""Lower bounds by parity constraints beside estimates, on 784 inputs and 22 units.

Serra and Ramalingam bound the regions of a trained network from below: random parity
constraints on the units' signs, and a mixed-integer solver that says whether a pattern
is left. Here HiGHS does that on the same networks whose regions are estimated, and
counted exactly in the whole space.

Source: T. Serra, S. Ramalingam, Empirical bounds on linear regions of deep rectifier
networks, AAAI 2020, arXiv 1810.03370.
"""

from experiments.empirical_bounds.figure import draw
from experiments.empirical_bounds.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="empirical_bounds",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
