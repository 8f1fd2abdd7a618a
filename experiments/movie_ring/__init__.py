"""The movie of the second post: 14 units x 6 layers learn the black ring."""

from experiments.movie_ring.study import ABOUT, PRESETS
from experiments.movies.movie_study import movie_study

STUDY = movie_study("movie_ring", about=ABOUT, presets=PRESETS)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
