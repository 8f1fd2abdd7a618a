"""What the regions of a network tell of what it has learned by heart.

Networks learn digits with their true labels, and the same digits with random ones,
which can only be memorized. Activation patterns are keys: compared are which images
share one, before and after the last layer, what the table of the training images
answers for images held out, and all regions on lines between images, exact.
"""

from experiments.memorized_digits.figure import draw
from experiments.memorized_digits.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="memorized_digits",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
