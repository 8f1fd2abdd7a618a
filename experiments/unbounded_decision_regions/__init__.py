"""Narrow networks have no bounded decision region: exact components in whole space.

If no layer, the outputs included, has more units than there are inputs, every connected
component of every decision region is unbounded. Random and trained networks are cut
along their decision boundary in the whole space; components are joined through shared
facets and a component is bounded if all its regions' recession cones are trivial.

Run:       python scripts/run_experiment.py unbounded_decision_regions paper
Expected:  about two minutes on 2 cores; no bounded component in narrow networks, and
           one in most networks of width 4 and more that learned a disc.

Source: H.-P. Beise, S. Dias Da Cruz, U. Schroeder, On decision regions of narrow deep
neural networks, 2018 (Neural Networks 2021), arXiv 1807.01194.
"""

from experiments.unbounded_decision_regions.study import (
    ABOUT as ABOUT,
    NAME as NAME,
    PRESETS as PRESETS,
    Config as Config,
    Result as Result,
    load as load,
    run as run,
)
