"""Toy models of superposition: phases, closed forms, and the regions of the decoder.

Five sparse features are squeezed through two dimensions; the sparser they are, the more
of them get a direction. For two features and one dimension the phases are laid out over
density and relative importance, beside the border that closed forms draw. The decoder's
hyperplanes cut the hidden plane: a pentagon has exactly 16 cells.
"""

from experiments.running.studies import Study
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
