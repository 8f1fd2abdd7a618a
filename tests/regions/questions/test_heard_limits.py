"""Limits are heard on networks of which the set-up alone takes long.

All that is worked when a limit falls at once is what it takes to hear it, and to prove
what is known without more. It is processor time: other work on a machine is no fault of
a question.
"""

import time
from collections.abc import Callable

import numpy as np
import pytest

import regions
from tests.helpers import random_network

LATE = 2.5
"""Seconds of a processor: twice or thrice what the slowest of these questions takes."""

RNG = np.random.default_rng(0)
IMAGES = random_network(RNG, 784, [64, 64], outputs=10)
OTHERS = random_network(RNG, 784, [64], outputs=10)
FIRST, SECOND, LAST = IMAGES.layers
DOUBLED = regions.ReluNetwork.from_arrays(
    [np.repeat(FIRST.weight, 2, 0), np.repeat(SECOND.weight, 2, 1), LAST.weight],
    [np.repeat(FIRST.bias, 2), SECOND.bias, LAST.bias],
)
CENTER = RNG.uniform(0.0, 1.0, 784)
BALL = regions.Ball(CENTER, 0.05, norm=np.inf)
ROUND = regions.Ball(CENTER, 1.0)
PLANE = random_network(RNG, 2, [400, 400], outputs=10)
APART = random_network(RNG, 2, [400, 400], outputs=10)
SQUARE = regions.Box.cube(2)

QUESTIONS: dict[str, Callable[..., regions.Answer]] = {
    "range": lambda **kinds: regions.output_range(IMAGES, BALL, 0, **kinds),
    "round": lambda **kinds: regions.output_range(IMAGES, ROUND, 0, **kinds),
    "radius": lambda **kinds: regions.robust_radius(IMAGES, CENTER, 2, **kinds),
    "lipschitz": lambda **kinds: regions.lipschitz(IMAGES, BALL, **kinds),
    "far": lambda **kinds: regions.largest_difference(IMAGES, OTHERS, BALL, **kinds),
    "wide": lambda **kinds: regions.largest_difference(PLANE, APART, SQUARE, **kinds),
    "equal": lambda **kinds: regions.are_equal(IMAGES, DOUBLED, BALL, **kinds),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_limit_that_falls_at_once_is_heard(name):
    regions.output_range(PLANE, SQUARE, 0, max_seconds=1e-3)  # what is imported once
    start = time.process_time()
    answer = QUESTIONS[name](stop=lambda: True)
    assert time.process_time() - start < LATE
    assert not answer.proved
