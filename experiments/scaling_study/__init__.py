"""How region counts scale: many networks, exact counts, fitted exponents.

A study varies one thing at a time: widths, depth, input dimension, activation,
initialization, epochs, domain, ... Every setting is drawn with many seeds, counted at
initialization, trained as one vmapped ensemble and counted again. The mean count is
fitted to a power, an exponential, or M^d / d! over the dimension d, with bootstrap
intervals over the seeds. A study whose file gets other families or values goes on: what
is counted is kept. One hidden layer in general position has about N^d / d!
regions: exponent d, and M near N.

Run:       python scripts/scaling_study.py scripts/study.toml

Sources: B. Hanin, D. Rolnick, Complexity of linear regions in deep networks, ICML 2019,
and Deep ReLU networks have surprisingly few activation patterns, NeurIPS 2019.
"""

from experiments.running.studies import Study
from experiments.scaling_study.figure import draw
from experiments.scaling_study.study import (
    ABOUT,
    PRESETS,
    conduct,
    read,
    summary_rows,
)

STUDY = Study(
    name="scaling_study",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
    rows=summary_rows,
    # Each setting is kept in a file of its own.
    grows=("families", "bootstrap"),
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
