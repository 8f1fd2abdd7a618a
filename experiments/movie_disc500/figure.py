"""The movie of the disc on paper."""

from experiments.plotting.movie_strip import figure as figure
