"""Layers refine: the partition of each layer inside that of the layers before.

Every region of the first l layers is enumerated, for every l. Prefixes of the patterns
and areas both say in which region of the layer before each one lies: a tree. Counted:
parts of a region, by layer; regions that a unit's crease passes through, bending from
one to the next; and all counts against the bounds of the literature.
"""

from experiments.refinement_tree.figure import draw
from experiments.refinement_tree.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="refinement_tree",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
