"""The intervals of a line in rational arithmetic alone, every layer from the first."""

import itertools
from fractions import Fraction

import numpy as np

from regions.domains.shapes import WholeSpace
from regions.signs.exact import Columns, ExactNetwork

FAR = Fraction(10) ** 400
"""Beyond any breakpoint of the networks that are tried; stands for infinity."""


def rational_line(network, domain):
    """Breakpoints and patterns over the units with a kink."""
    if isinstance(domain, WholeSpace):
        low, high = -FAR, FAR
    else:
        box = domain.chart_box()
        low, high = Fraction(float(box.lower[0])), Fraction(float(box.upper[0]))
    exact = ExactNetwork(network, domain)
    cuts, patterns = [], np.zeros((1, 0), bool)
    for index, layer in enumerate(network.hidden):
        ends = [low, *cuts, high]
        new_cuts, new_patterns = [], []
        for k, pattern in enumerate(patterns):
            gates = np.zeros((sum(network.widths), 2), bool)
            gates[: len(pattern)] = pattern[:, None]
            numerators, _ = exact.forward(Columns.identity(1), gates, layers=index + 1)
            forms, (left, right) = numerators[index], ends[k : k + 2]
            roots = {
                Fraction(-c, a)
                for (a, c), kink in zip(forms, layer.kinks, strict=True)
                if kink and a != 0 and left < Fraction(-c, a) < right
            }
            places = [left, *sorted(roots), right]
            for below, above in itertools.pairwise(places):
                middle = (below + above) / 2
                signs = [a * middle + c > 0 for a, c in forms]
                new_patterns.append([*pattern, *(np.array(signs) & layer.kinks)])
            new_cuts += [*sorted(roots), *([right] if k + 1 < len(patterns) else [])]
        cuts, patterns = new_cuts, np.array(new_patterns, bool)
    return cuts, patterns[:, network.kinks]
