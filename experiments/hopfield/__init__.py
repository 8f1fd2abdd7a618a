"""Load of a Hopfield network: the overlap with a stored pattern drops near 0.138.

Random patterns are stored by Hebb's rule. The network starts at a stored pattern and is
updated, one neuron after another in random order, until nothing changes. The overlap of
the end with the start falls from near 1 where the load passes the critical one.

Source: D. J. Amit, H. Gutfreund, H. Sompolinsky, Storing infinite numbers of patterns
in a spin-glass model of neural networks, Physical Review Letters 55, 1985.
"""

from experiments.hopfield.figure import draw
from experiments.hopfield.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="hopfield",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
