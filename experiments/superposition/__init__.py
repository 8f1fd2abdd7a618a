"""Toy models of superposition: phases, closed forms, and the regions of the decoder.

Five sparse features are squeezed through two dimensions; the sparser they are, the more
of them get a direction. For two features and one dimension the phases are laid out over
density and relative importance, beside the border that closed forms draw. The decoder's
hyperplanes cut the hidden plane: a pentagon has exactly 16 cells.

Run:       python scripts/run_experiment.py superposition paper
Expected:  under two minutes on 2 cores; 2, 4 and 5 features at sparsities 0, 0.8, 0.9.

Source: N. Elhage et al., Toy models of superposition, 2022, arXiv 2209.10652.
"""

from experiments.running.study import Study
from experiments.superposition.figure import draw
from experiments.superposition.study import ABOUT, PRESETS, conduct, read

STUDY = Study(
    name="superposition",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
