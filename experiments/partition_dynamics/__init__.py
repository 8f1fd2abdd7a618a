"""How the partition of the ring's networks is born, moves and settles in training.

Ten 14x6 networks learn the ring. At every snapshot the activation regions are counted
exactly and compared with those of the snapshot before; patterns on a grid and on the
training points say how fast the partition moves, and freezing either the patterns or
the maps says which of the two changed the output.
"""

from experiments.partition_dynamics.figure import draw
from experiments.partition_dynamics.study import (
    ABOUT,
    PRESETS,
    conduct,
    read,
    summary_rows,
)
from experiments.running.studies import Study

STUDY = Study(
    name="partition_dynamics",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
