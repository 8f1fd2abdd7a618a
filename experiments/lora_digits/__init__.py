"""What low-rank adapters do to a partition of 64 dimensions.

Networks learn digits and are then tuned for the same digits moved by a pixel, and for
digits whose pixels change places: as a whole, by LoRA of ranks far below that of a
layer, and by the last layer alone. What can be compared exactly in so many dimensions
is: the patterns of held-out images, and all regions on lines between them.
"""

from experiments.lora_digits.figure import draw
from experiments.lora_digits.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="lora_digits",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
