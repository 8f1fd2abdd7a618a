"""Cross-entropy against squared error on the ring in three colors.

The first origami post announces categorical data with cross-entropy in place of squared
error. Here the same networks learn the same points with either loss; errors, exact
regions, the width of the outer edge, the distance from the decision boundary to the
nearest crease, and calibration are compared seed by seed.

Source: T. Dullien, origami posts (announced 2024-07-04; his classifier shows the six
panels of the figure).
"""

from experiments.running.studies import Study
from experiments.three_colors.figure import draw
from experiments.three_colors.study import ABOUT, PRESETS, conduct, read

STUDY = Study(
    name="three_colors",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
