"""Dense associative memories: capacity, basins, prototypes, recall and completion.

The largest number of random patterns that is stored, over the number of neurons, for
powers, rectified powers and the exponential; how far a state may be from a pattern to
fall back to it; what memories of digits look like as the power grows; and where each
energy lies between recalling what it stored and completing what it did not.

Run:       python scripts/run_experiment.py dense_memory paper
Expected:  about two minutes on 2 cores; exponents n - 1, and for the exponential a
           logarithm of the capacity that is linear in the number of neurons.

Source: beren and Hoagy, comments on almost linear models, 2023; laws of Krotov &
Hopfield 2016 and Demircigil et al. 2017.
"""

from experiments.dense_memory.figure import draw
from experiments.dense_memory.study import ABOUT, PRESETS, conduct, read
from experiments.running.study import Study

STUDY = Study(
    name="dense_memory",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
