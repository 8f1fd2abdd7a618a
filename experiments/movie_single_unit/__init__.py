"""The single-unit movies of the first post: max(ax + by + c, 0) turns and shifts."""

from experiments.movie_single_unit.figure import draw
from experiments.movie_single_unit.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="movie_single_unit",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
