"""Almost orthogonal directions: how many there are, at random and optimized.

The largest cosine of random unit vectors, its root mean square, and the number of
vectors that keep all cosines within a bound, each against its law; and packings that
gradient descent improves.

Run:       python scripts/run_experiment.py almost_orthogonal paper
Expected:  about two minutes on 2 cores; laws within a tenth.

Source: Hoagy, comment on beren's "Deep learning models might be secretly (almost)
linear", 2023, which appeals to the Johnson-Lindenstrauss lemma.
"""

from experiments.almost_orthogonal.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
)
