"""Wide or deep at equal parameters: regions, regions per parameter, and test loss.

At initialization the number of regions depends on the number of units, hardly on how
they are stacked: about N^d / d!. Random networks are counted exactly in the whole
space over units and depth. Then networks of equally many parameters, from one wide
layer to eight narrow ones, learn the disc, and are counted before and after.
"""

from experiments.running.studies import Study
from experiments.wide_or_deep.figure import draw
from experiments.wide_or_deep.study import ABOUT, PRESETS, conduct, read

STUDY = Study(
    name="wide_or_deep",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
