"""The deep run of the third post: 30 units x 30 layers on the ring."""

from experiments.movie_30x30.study import ABOUT, PRESETS
from experiments.movies.movie_study import movie_study

STUDY = movie_study("movie_30x30", about=ABOUT, presets=PRESETS)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
