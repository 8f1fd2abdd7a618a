"""Without biases: cones, homogeneous functions, and whether training gains by it.

All hyperplanes of a network without biases pass through the origin, its regions are
cones, and f(t x) = t f(x). Codes and outputs are tested along rays, and one layer is
counted against the closed formula. Networks with and without biases and with equally
many parameters learn the ring, with the origin in its corner and in its center, and
digits: losses, updates to a given loss, learning rates that train, and the top
eigenvalue of the Hessian.
"""

from experiments.bias_free.figure import draw
from experiments.bias_free.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="bias_free",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
