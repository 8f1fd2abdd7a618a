"""The movie of the first post: 500 units in one layer learn the black disc."""

from experiments.movie_disc500.study import ABOUT, PRESETS
from experiments.movies.movie_disc import DiscMovie
from experiments.movies.movie_study import movie_study

STUDY = movie_study("movie_disc500", DiscMovie, about=ABOUT, presets=PRESETS)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
