"""Where the pulse of the creases comes from: Adam at the edge of stability.

The first origami post sees the creases of a one-layer network pulse while Adam trains
it, and asks why. Here the loss of each full-batch update is followed for as long as the
author's later program trains, and the top eigenvalue of the preconditioned Hessian
beside it: it rises to the threshold of stability, and from there on the loss goes up
and down.

Sources: T. Dullien, origami post of 2024-07-04. Threshold: J. Cohen et al., Adaptive
gradient methods at the edge of stability (arXiv 2207.14484); that spikes follow when
the preconditioned curvature crosses it: arXiv 2506.04805.
"""

from experiments.pulse.figure import draw
from experiments.pulse.study import ABOUT, PRESETS, conduct, read, summary_rows
from experiments.running.studies import Study

STUDY = Study(
    name="pulse",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
