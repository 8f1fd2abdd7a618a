"""Does a network with far more parameters than points overfit the ring?

Thirty-wide networks learn the ring from 5000 down to 312 pixels, ten seeds each, all
with the same number of updates of the same size, and are held to the whole image,
beside kernel smoothing and the nearest neighbor on the same pixels.

Run:       python scripts/run_experiment.py overfitting
Expected:  five to six minutes on 2 cores.

Source: T. Dullien, origami posts of 2025-04-05 and 2025-04-10, which judge by eye.
"""

from experiments.overfitting.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
    summary_rows as summary_rows,
)
