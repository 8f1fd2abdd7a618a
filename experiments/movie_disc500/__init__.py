"""The movie of the first post: 500 units in one layer learn the black disc.

Run:       python scripts/run_experiment.py movie_disc500

Source: T. Dullien, the first post on neural networks as origami, 2024-07-04.
"""

from experiments.movie_disc500.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
)
