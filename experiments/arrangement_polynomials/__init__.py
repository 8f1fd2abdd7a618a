"""Characteristic polynomials of arrangements, against published numbers.

Arrangements with normals in {0,1}^n, threshold functions, hyperplanes spanned by
points, and the demicube: Betti numbers and regions by deletion and restriction, in
integers.

Source: T. Brysiewicz, H. Eble, L. Kuehne, Computing characteristic polynomials of
hyperplane arrangements with symmetries, Discrete & Computational Geometry 2023
(2105.14542).
"""

from experiments.arrangement_polynomials.figure import draw
from experiments.arrangement_polynomials.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="arrangement_polynomials",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
