"""The portrait of the first post: 500 units in one layer, like folded paper.

The author's picture is his own; the astronaut of scikit-image stands in for it.
"""

from experiments.movie_portrait.study import ABOUT, PRESETS, PortraitMovie
from experiments.movies.movie_study import movie_study

STUDY = movie_study("movie_portrait", PortraitMovie, about=ABOUT, presets=PRESETS)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
