"""Size and shape of the regions around digits, by how the network was trained.

Networks learn scikit-learn's digits plainly, with batch normalization, with dropout, or
with a larger learning rate. Of the region of each of some held-out digits: inradius,
distance of the digit to the boundary, cosines between the hyperplanes' normals.

Source: X. Zhang, D. Wu, Empirical studies on the properties of linear regions in deep
neural networks, ICLR 2020, arXiv 2001.01072.
"""

from experiments.linear_region_properties.figure import draw
from experiments.linear_region_properties.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="linear_region_properties",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
