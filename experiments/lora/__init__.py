"""What low-rank adapters do to a partition, beside other ways to tune a network.

Networks learn two moons and are then tuned for the same moons turned and shifted, near
and far: as a whole, by LoRA of five ranks, by biases alone, by the last layer alone,
and by a tuning like PLATE. Regions are counted exactly before and after, at the same
loss on the new task and at the same distance from the start.
"""

from experiments.lora.figure import draw
from experiments.lora.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="lora",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
