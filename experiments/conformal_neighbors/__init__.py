"""Distributions from neighbors: intervals that hold, and whether an embedding helps.

An essay of 2021 says that many nearest neighbors in an embedding give predictions of
distributions, with statistical bounds. Here the quantiles of the values of neighbors,
in the inputs and in the last embedding, are corrected by split-conformal calibration;
what is judged is their coverage on other points, before and after, and their width.

Run:       python scripts/run_experiment.py conformal_neighbors
Expected:  two minutes on 2 cores; 90 % coverage everywhere, shorter intervals in
           embeddings of surfaces.

Source: T. C. H. Lux, "MLP's are actually nonlinear -> linear preconditioners", 2021.
"""

from experiments.conformal_neighbors.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
    summary_rows as summary_rows,
)
