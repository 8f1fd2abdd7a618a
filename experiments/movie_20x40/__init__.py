"""The deep run of the second post: 20 units x 40 layers on the ring."""

from experiments.movie_20x40.study import ABOUT, PRESETS, DeepMovie
from experiments.movies.movie_study import movie_study

STUDY = movie_study("movie_20x40", DeepMovie, about=ABOUT, presets=PRESETS)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
