"""Dense associative memories: capacity, prototypes, recall and completion.

The largest number of random patterns that is stored, over the number of neurons, for
powers, rectified powers and the exponential; what memories of digits look like as the
power grows; and where each energy lies between recalling what it stored and completing
what it did not.
"""

from experiments.dense_memory.figure import draw
from experiments.dense_memory.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="dense_memory",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
