"""Singular values of the layers of networks before training, by law of the weights.

Later notes of the author of the preconditioner essay look at principal components of
the layers of a random network, with weights from a normal law or on the sphere, and see
all but a few singular values vanish with depth. Here the spectrum of each layer's
embedding is followed for normal, spherical and orthogonal weights, without biases and
with the author's.
"""

from experiments.initial_spectra.figure import draw
from experiments.initial_spectra.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="initial_spectra",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
