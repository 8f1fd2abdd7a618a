"""Two hidden layers, every split of the units: exact counts under the bound.

Networks with hidden widths a and n - a learn digits, for every a. All their regions in
the whole input space are counted exactly: with 64 inputs and at most 22 units the first
layer's pre-activations cover their space, and hundreds of thousands of small linear
systems decide which of millions of patterns occur.

Source: T. Serra, C. Tjandraatmadja, S. Ramalingam, Bounding and counting linear regions
of deep neural networks, ICML 2018, arXiv 1711.02114; T. Serra, S. Ramalingam, AAAI
2020, arXiv 1810.03370.
"""

from experiments.running.studies import Study
from experiments.serra_counts.figure import draw
from experiments.serra_counts.study import ABOUT, PRESETS, conduct, read

STUDY = Study(
    name="serra_counts",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
