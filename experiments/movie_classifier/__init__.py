"""The classifier that the posts announce: three colors, cross entropy, six panels.

Three outputs say how red (outside), green (the ring) or blue (the disc inside) a pixel
is. Panels: red, blue, all three with white boundaries; green, the class map, and the
original with the points.
"""

from experiments.movie_classifier.study import ABOUT, PRESETS, ClassifierMovie
from experiments.movies.movie_study import movie_study

STUDY = movie_study("movie_classifier", ClassifierMovie, about=ABOUT, presets=PRESETS)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
