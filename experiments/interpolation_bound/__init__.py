"""How far off linear interpolation can be: the bound, point by point.

An essay of 2021 argues by a bound on piecewise linear interpolation: change of slope
times distances, over the least singular value of a simplex. The bound is proved in
`linear_interpolation`, with a sharper one, and checked at every grid point; its parts
are followed as points are added in 2 and in 20 dimensions, and from the inputs to the
embedding of trained networks.

Sources: T. C. H. Lux, "MLP's are actually nonlinear -> linear preconditioners", 2021;
T. C. H. Lux et al., Interpolation of sparse high-dimensional data, 2020, section 5.
"""

from experiments.interpolation_bound.figure import draw
from experiments.interpolation_bound.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="interpolation_bound",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
