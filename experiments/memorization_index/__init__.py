"""Do networks that memorize give points regions of their own?

Networks learn two moons of which a share of the labels is random. Training points are
grouped by the region that holds them: points a region, and regions that hold one point
alone, over the share of random labels.

Run:       python scripts/run_experiment.py memorization_index paper
Expected:  about two minutes on 2 cores.

Source: S. Shekkizhar, MLPs as hashing functions, 2024 (capacity and memorization).
"""

from experiments.memorization_index.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
)
