"""Space folding between digits: exactly zero for one layer, more with depth.

Networks of one number of units and 1 to 5 hidden layers learn scikit-learn's digits.
Straight paths between two held-out digits are cut into all their intervals, and the
folding of the path among activation patterns is measured exactly.

Run:       python scripts/run_experiment.py space_folding paper
Expected:  about two minutes on 2 cores; 0 for one hidden layer, growing with depth.

Source: M. Lewandowski, H. Eghbalzadeh, B. Heinzl, R. Pisoni, B. A. Moser, On space
folds of ReLU neural networks, TMLR 2025, arXiv 2502.09954.
"""

from experiments.space_folding.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
)
