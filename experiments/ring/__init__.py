"""From an image to an exact partition: the black ring of the origami posts.

A 14x6 leaky-ReLU network learns the 1024x1024 ring from 5000 of its pixels; then every
activation region in the unit square is found, measured and verified.

Run:       make ring
Expected:  about a minute on 2 cores; full-image error near 0.007, about 2,000 regions.

Sources: T. Dullien, two posts on neural networks as origami, 2024-07-04 and 2025-04-05.
Their "6000 steps" are epochs of five updates.
"""

from experiments.ring.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
    summary_rows as summary_rows,
)
