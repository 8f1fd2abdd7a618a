"""What a user would print fits a few lines, however large the network is."""

import dataclasses
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import regions
from regions.questions.answer import Interval
from tests.helpers import random_network

PLANE = random_network(np.random.default_rng(0), 2, [20, 20], outputs=2)
SQUARE = regions.Box.cube(2)
WIDE = random_network(np.random.default_rng(0), 60, [20, 9], outputs=2)
BELOW = regions.HPolytope([[1.0, 0.0]], [99.0])


def of_a_list() -> Iterator[Any]:
    found = regions.enumerate_regions(PLANE, SQUARE)
    yield from (found, found.cells, found[0], found.stats)
    yield regions.piecewise_law(found)


def of_an_input() -> Iterator[Any]:
    polytope = regions.polytope_at(WIDE, np.full(60, 0.1), domain=regions.Box.cube(60))
    yield from (polytope, polytope.rows, polytope.chebyshev, polytope.facets[0])
    yield regions.polytope_at(WIDE, np.full(60, 0.1)).exact_rows
    report = regions.describe_polytope(WIDE, np.full(60, 0.1))
    yield from (report, report.inequalities[0])
    yield regions.regions_between(PLANE, [-0.9, 0.1], [0.9, 0.4])[0]


def of_questions() -> Iterator[Any]:
    found = regions.preimage(PLANE, SQUARE, BELOW).value
    yield from (found, found[0])
    yield regions.Property.bounds(np.ones((50, 9)), np.ones(50))
    yield from regions.output_range(PLANE, SQUARE, 0, max_seconds=1e-9).value
    yield from regions.mean_by_class(PLANE, SQUARE).value
    topology = regions.topology_of(PLANE, SQUARE, "output 0 > 0")
    yield from (topology, *topology.components[:1])


@pytest.mark.parametrize("made", [of_a_list, of_an_input, of_questions])
def test_texts_of_objects_are_short(made: Callable[[], Iterator[Any]]):
    for thing in made():
        text = repr(thing)
        assert text.startswith(type(thing).__name__), text[:80]
        assert len(text) < 800, text[:80]
        assert "\n" not in text, text[:80]


def test_short_ends_are_shown_as_they_are():
    short = Interval(Fraction(1, 3), Fraction(2, 3))
    assert repr(short) == "Interval(lower=Fraction(1, 3), upper=Fraction(2, 3))"
    long = Interval(Fraction(1, 3**99), Fraction(1, 3**98))
    assert repr(long) == f"Interval({long})"


def test_every_field_is_named_but_functions():
    report = regions.describe_polytope(PLANE, [0.1, 0.2])
    one = report.inequalities[0]
    for field in dataclasses.fields(one):
        assert (f"{field.name}=" in repr(one)) == (field.name != "make_integers")
