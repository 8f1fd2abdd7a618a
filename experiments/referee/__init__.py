"""Verifiers in floating point beside exact answers.

Small networks on which they are known to err, and networks of the size of ACAS Xu.

Sources: K. Jia and M. Rinard, Exploiting verified neural networks via floating point
numerical error, SAS 2021 (2003.03021); D. Zombori et al., Fooling a complete neural
network verifier, ICLR 2021; G. Katz et al., Reluplex, CAV 2017 (1702.01135).
"""

from experiments.referee.figure import draw
from experiments.referee.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="referee",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
