"""Bounds of units that a file states: proved where they hold, refused where not."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import regions
from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Wrong
from regions.certificates.rationals import exact
from regions.certificates.stated_ends import StatedEnds
from regions.patterns.names import unit_name
from regions.questions.backward import Box
from regions.questions.problem import Linear, Problem
from regions.questions.unit_bounds import unit_bounds
from tests.helpers import random_network

BOX = regions.Box.cube(2)
DOMAINS = [
    BOX,
    regions.Ball([0.3, -0.2, 0.1], 0.7),
    regions.Slice([0.1, 0.0, 0.2], [[0.5, 0.25, 1.0], [0.0, 1.0, -1.0]], BOX),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: type(domain).__name__)
def test_a_bound_is_proved_or_its_unit_is_named(domain):
    """One end inside of what the unit attains at a point, by its last digits."""
    network = random_network(np.random.default_rng(0), domain.ambient_dim, [6, 5])
    problem = Problem(network, domain, [(Linear((Fraction(1),)),)])
    box = Box(tuple(problem.low), tuple(problem.high))
    held, layers = unit_bounds(problem, box), ExactLayers(network, domain)
    checker = StatedEnds(network, domain, layers)
    checker.check(0, box, (held.low, held.high))
    points = [[fmpq(a, 12), fmpq(b, 12), fmpq(0)] for a in (-6, 5) for b in (4, -3)]
    values = layers.at_points([p[: domain.dim] for p in points])
    for layer, unit in ((0, 3), (1, 2)):
        attained = max(row[unit] for row in values[layer])
        for short in (exact(2.0**-40), fmpq(1, 3**30)):
            ends = [list(row) for row in held.high]
            ends[layer][unit] = attained - short
            with pytest.raises(Wrong, match=f"{unit_name((layer, unit))} on .* node 7"):
                checker.check(7, box, (held.low, ends))
