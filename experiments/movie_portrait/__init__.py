"""The portrait of the first post: 500 units in one layer, like folded paper.

The author's picture is his own; the astronaut of scikit-image stands in for it.

Run:       python scripts/run_experiment.py movie_portrait

Source: T. Dullien, the first post on neural networks as origami, 2024-07-04.
"""

from experiments.movie_portrait.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
)
