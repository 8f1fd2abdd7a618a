"""Without biases in normalized networks: which the claim on biases is about.

With RMS normalization before each layer, networks with biases and without learn digits
and two tables. Without biases the partition is that of a plain network, of cones cut by
hyperplanes; with them it is not one of polytopes.
"""

from experiments.bias_free_normalized.figure import draw
from experiments.bias_free_normalized.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="bias_free_normalized",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
