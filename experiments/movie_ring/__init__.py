"""The movie of the second post: 14 units x 6 layers learn the black ring.

Run:       python scripts/run_experiment.py movie_ring
Expected:  a few minutes on 2 cores; about 1,500 regions, full-image error near 0.007.

Source: T. Dullien, the second post on neural networks as origami, 2025-04-05.
"""

from experiments.movie_ring.study import ABOUT, PRESETS
from experiments.movies.movie_study import movie_study

STUDY = movie_study("movie_ring", about=ABOUT, presets=PRESETS)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
