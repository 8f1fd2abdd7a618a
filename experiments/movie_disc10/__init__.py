"""The movie of the first post: 10 units in one layer learn the black disc."""

from experiments.movie_disc10.study import ABOUT, PRESETS
from experiments.movies.movie_disc import CenteredDiscMovie
from experiments.movies.movie_study import movie_study

STUDY = movie_study("movie_disc10", CenteredDiscMovie, about=ABOUT, presets=PRESETS)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
