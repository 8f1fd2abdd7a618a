"""The single-unit movies of the first post: max(ax + by + c, 0) turns, rises, shifts.

Run:       python scripts/run_experiment.py movie_single_unit
Expected:  a minute on 2 cores.

Source: T. Dullien, the first post on neural networks as origami, 2024-07-04.
"""

from experiments.movie_single_unit.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
)
