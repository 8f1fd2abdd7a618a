"""Domains: charts, polytopes, and what is refused."""

import math
from fractions import Fraction

import numpy as np
import pytest

from regions.domains.shapes import (
    Box,
    Segment,
    Simplex,
    Slice,
    WholeSpace,
    domain_from_dict,
)
from tests.helpers import random_network

RNG = np.random.default_rng(0)
BOUNDED = {
    "interval": Box([-1], [2]),
    "box": Box([0, 0.5, -3], [1, 2, -1]),
    "box in 5-D": Box.cube(5, 2.0),
    "segment": Segment([0.1, 0.2, 0.3], [1, 2, 4]),
    "slice": Slice([0.1] * 4, RNG.standard_normal((2, 4)), Box([-1, 0], [1, 3])),
    "triangle": Simplex([[0.1, 0], [1, 0.3], [0, 1]]),
    "triangle in space": Simplex([[0.1, 0, 1], [1, 0.3, 2], [0, 1, 0]]),
    "simplex in 4-D": Simplex(np.vstack([np.zeros(4), np.eye(4)]) + 0.1),
}


@pytest.mark.parametrize("name", list(BOUNDED))
def test_polytope_is_simple_and_its_faces_are_consistent(name):
    polytope, dim = BOUNDED[name].polytope(), BOUNDED[name].dim
    gaps = polytope.b - polytope.vertices @ polytope.A.T
    assert (gaps >= -1e-15).all()
    for vertex, facets in enumerate(polytope.vertex_facets):
        assert np.flatnonzero(np.abs(gaps[vertex]) < 1e-12).tolist() == facets.tolist()
        assert len(facets) == dim
    assert len({*map(tuple, polytope.vertex_facets.tolist())}) == len(polytope.vertices)


@pytest.mark.parametrize("name", list(BOUNDED))
def test_restricted_network_is_the_network_at_embedded_points(name):
    domain = BOUNDED[name]
    network = random_network(np.random.default_rng(1), domain.ambient_dim, [6, 4])
    t = domain.polytope().vertices
    expected = network(domain.embed(t))
    np.testing.assert_allclose(domain.restrict(network)(t), expected, rtol=1e-9)


@pytest.mark.parametrize("name", list(BOUNDED))
def test_rational_chart_is_the_embedding(name):
    domain = BOUNDED[name]
    origin, directions = domain.rational_chart()
    for t in domain.polytope().vertices:
        x = [
            o
            + sum(Fraction(float(v)) * d[i] for v, d in zip(t, directions, strict=True))
            for i, o in enumerate(origin)
        ]
        np.testing.assert_allclose(
            [float(v) for v in x], domain.embed(t[None])[0], rtol=1e-14, atol=1e-15
        )


@pytest.mark.parametrize("name", [*BOUNDED, "whole space"])
def test_domain_survives_its_dictionary(name):
    domain = BOUNDED.get(name, WholeSpace(3))
    again = domain_from_dict(domain.to_dict())
    assert type(again) is type(domain)
    assert again.rational_chart() == domain.rational_chart()
    assert again.to_dict() == domain.to_dict()


def test_volumes_are_exact():
    assert Box([0.1, 0], [0.3, 2]).rational_volume() == 2 * (
        Fraction(0.3) - Fraction(0.1)
    )
    assert BOUNDED["simplex in 4-D"].rational_volume() == Fraction(1, math.factorial(4))
    assert BOUNDED["segment"].rational_volume() == 1
    assert BOUNDED["slice"].rational_volume() == 6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Box([0, 1], [1, 0]), r"`lower\[1\]` is 1.0 and `upper\[1\]` is 0.0"),
        (lambda: Box([0], [1, 2]), "`lower` has 1 entries and `upper` has 2"),
        (lambda: Box([0, np.nan], [1, 1]), r"`lower` is nan at \(1,\)"),
        (lambda: Box([0], [np.inf]), r"`upper` is inf .* \(use WholeSpace"),
        (lambda: Box([], []), r"`lower` has shape \(0,\): a vector with at least one"),
        (lambda: Box([[0]], [1]), r"`lower` has shape \(1, 1\)"),
        (lambda: Box.cube(30).polytope(), r"30 dimensions has 2\^30 corners"),
        (lambda: Segment([0, 0], [0, 0]), "`start` and `end` are the same point"),
        (lambda: Segment([0], [0, 1]), "`start` has 1 entries and `end` has 2"),
        (lambda: Segment([np.nan], [0]), "`start` is nan"),
        (lambda: WholeSpace(0), "`dim` is 0: at least 1"),
        (lambda: Slice([0, 0], [[1, 0, 0]], Box.cube(1)), "`directions` has shape"),
        (lambda: Slice([0, 0], [[1, 0]], Box.cube(2)), "`box` has dimension 2"),
        (lambda: Slice([0, 0], [[1, np.inf]], Box.cube(1)), "`directions` is inf"),
        (
            lambda: Slice([0] * 3, [[1, 2, 3], [2, 4, 6]], Box.cube(2)),
            "`directions` span 1 dimension: 2 are required",
        ),
        (lambda: Simplex([[0, 0]]), "`vertices` has shape"),
        (lambda: Simplex([[0, 0], [1, 1], [2, 2]]), "`vertices` span 1 dimension"),
        (lambda: Simplex([[0, 0], [1, np.nan]]), "`vertices` is nan"),
        (
            lambda: domain_from_dict({"kind": "torus"}),
            "`kind` of the domain is 'torus'",
        ),
    ],
)
def test_bad_argument_is_named(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_domain_of_another_space_is_refused():
    network = random_network(np.random.default_rng(0), 3, [2])
    for domain in (Box.cube(2), WholeSpace(2), Segment([0, 0], [1, 1])):
        with pytest.raises(ValueError, match="lies in 2 dimensions and the network"):
            domain.restrict(network)


def test_slices_that_only_rounding_makes_dependent_are_told_apart():
    step = np.nextafter(0.3, 1.0)
    assert Slice([0, 0], [[0.1, 0.3], [0.1, step]], Box.cube(2)).dim == 2
