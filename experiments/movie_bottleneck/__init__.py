"""The bottleneck of the second post: 10 x 10 units, 2, then 3 x 10, and its plane.

All that the last layers know of a point are the two numbers of the narrow layer: the
inside of a deep network that can be drawn without projection. A fourth panel shows that
plane: the exact partition and the output that the last layers make of it, and on it the
image of the training points.
"""

from experiments.movie_bottleneck.study import ABOUT, PRESETS, BottleneckMovie
from experiments.movies.movie_study import movie_study

STUDY = movie_study("movie_bottleneck", BottleneckMovie, about=ABOUT, presets=PRESETS)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
