"""Narrow networks have no bounded decision region: exact components in whole space.

If no layer, the outputs included, has more units than there are inputs, every connected
component of every decision region is unbounded. Random and trained networks are cut
along their decision boundary in the whole space; components are joined through shared
facets and a component is bounded if all its regions' recession cones are trivial.

Source: H.-P. Beise, S. Dias Da Cruz, U. Schroeder, On decision regions of narrow deep
neural networks, 2018 (Neural Networks 2021), arXiv 1807.01194.
"""

from experiments.running.studies import Study
from experiments.unbounded_decision_regions.figure import draw
from experiments.unbounded_decision_regions.study import ABOUT, PRESETS, conduct, read

STUDY = Study(
    name="unbounded_decision_regions",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
