"""Memorized or generalized: points against features, random labels, linear embeddings.

Toy models on ever more points first store the points and then the features. Networks on
a ring with ever more random labels give points regions of their own, at a price in
sharpness and robustness. And the better a network knows a disc, the closer the disc is
to an affine function of two directions of its last embedding.

Source: beren and Hoagy, comments on almost linear models, 2023; T. Henighan et al.,
Superposition, memorization, and double descent, 2023.
"""

from experiments.memorized_or_generalized.figure import draw
from experiments.memorized_or_generalized.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="memorized_or_generalized",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
