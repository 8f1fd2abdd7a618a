"""Networks built to fold, and what depth does to the length of curves.

Zig-zags of the line and of the plane, counted exactly beside their formulas; and random
networks, whose images of a circle grow or keep their length with the variance of the
weights.

Source: M. Telgarsky 2015 (1509.08101); G. Montufar et al., NeurIPS 2014 (1402.1869); M.
Raghu et al., ICML 2017 (1606.05336); B. Hanin, R. Jeong, D. Rolnick, ICLR 2022
(2102.10492).
"""

from experiments.folding.figure import draw
from experiments.folding.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="folding",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
