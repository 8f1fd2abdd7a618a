"""A plane through three digits: every region on it, and which class is where.

A ReLU network learns to tell scikit-learn's 8 x 8 digits apart (64 inputs, 10 classes).
The plane through three of them is cut into all its activation regions, and each region
along the decision boundary, which is straight there: nothing is sampled.

Source: planes through data points as in A. I. Humayun, R. Balestriero, G. Balakrishnan,
R. Baraniuk, SplineCam: exact visualization of deep network geometry, CVPR 2023.
"""

from experiments.data_slices.figure import draw
from experiments.data_slices.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="data_slices",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
