"""Activation regions on lines and distances to boundaries, over training.

Networks of several shapes learn digits; regions on the whole line through two training
images are counted exactly and divided by the number N of hidden units, and the distance
of held-out images to the nearest boundary is multiplied by it.

Run:       python scripts/run_experiment.py hanin_rolnick_lines paper
Expected:  a few minutes on 2 cores; about N regions at initialization at every depth,
           a tenth fewer in training; distances of 0.4 / N to 1.5 / N.

Source: B. Hanin, D. Rolnick, Complexity of linear regions in deep networks, ICML 2019,
arXiv 1901.09021.
"""

from experiments.hanin_rolnick_lines.figure import draw
from experiments.hanin_rolnick_lines.study import ABOUT, PRESETS, conduct, read
from experiments.running.study import Study

STUDY = Study(
    name="hanin_rolnick_lines",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
