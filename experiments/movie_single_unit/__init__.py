"""The single-unit movies of the first post: max(ax + by + c, 0) turns, rises, shifts.

Run:       python scripts/run_experiment.py movie_single_unit
Expected:  a minute on 2 cores.

Source: T. Dullien, the first post on neural networks as origami, 2024-07-04.
"""

from experiments.movie_single_unit.figure import draw
from experiments.movie_single_unit.study import ABOUT, PRESETS, conduct, read
from experiments.running.study import Study

STUDY = Study(
    name="movie_single_unit",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
