"""Whether estimates of region counts keep their word, on networks with known counts.

Over 400 networks whose regions are counted exactly: random, trained and degenerate, in
1 to 30 dimensions, on boxes and in the whole space. Bias, coverage of intervals and of
the lower bound, spread against the cells kept, and what each idea for less spread is
worth for its time.
"""

from experiments.estimate_coverage.figure import draw
from experiments.estimate_coverage.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="estimate_coverage",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
