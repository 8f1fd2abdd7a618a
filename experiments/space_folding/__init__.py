"""Space folding between digits: exactly zero for one layer, more with depth.

Networks of one number of units and 1 to 5 hidden layers learn scikit-learn's digits.
Straight paths between two held-out digits are cut into all their intervals, and the
folding of the path among activation patterns is measured exactly.

Source: M. Lewandowski, H. Eghbalzadeh, B. Heinzl, R. Pisoni, B. A. Moser, On space
folds of ReLU neural networks, TMLR 2025, arXiv 2502.09954.
"""

from experiments.running.studies import Study
from experiments.space_folding.figure import draw
from experiments.space_folding.study import ABOUT, PRESETS, conduct, read

STUDY = Study(
    name="space_folding",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
