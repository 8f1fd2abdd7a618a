"""The movie on paper."""

from experiments.plotting.movie_strip import figure as figure
