"""Activation regions on lines and distances to boundaries, over training.

Networks of several shapes learn digits; regions on the whole line through two training
images are counted exactly and divided by the number N of hidden units, and the distance
of held-out images to the nearest boundary is multiplied by it.

Source: B. Hanin, D. Rolnick, Complexity of linear regions in deep networks, ICML 2019,
arXiv 1901.09021.
"""

from experiments.hanin_rolnick_lines.figure import draw
from experiments.hanin_rolnick_lines.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="hanin_rolnick_lines",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
