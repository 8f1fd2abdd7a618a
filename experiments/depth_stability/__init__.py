"""Does training get less stable as a network gets deeper, and what helps?

Networks of width 20 and depth 2 to 40 learn the ring, ten seeds each; spikes of the
loss are counted. At one depth the options that the author of the posts added later are
tried: a clipped gradient, a larger epsilon, AMSGrad; and a smaller learning rate. For
the two deepest, the partition before each spike is held against the one after it.
"""

from experiments.depth_stability.figure import draw
from experiments.depth_stability.study import (
    ABOUT,
    PRESETS,
    conduct,
    read,
    summary_rows,
)
from experiments.running.studies import Study

STUDY = Study(
    name="depth_stability",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
