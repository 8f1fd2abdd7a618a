"""The deep run of the second post: 20 units x 40 layers on the ring.

Run:       python scripts/run_experiment.py movie_20x40

Source: T. Dullien, the second post on neural networks as origami, 2025-04-05.
"""

from experiments.movie_20x40.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
)
