import itertools
from fractions import Fraction

import numpy as np
import pytest

from regions.domains.shapes import Box, WholeSpace
from regions.enumeration import count_regions
from regions.enumeration.faces.open_faces import (
    Interiors,
    sign_of,
    simplex_faces,
    simplex_table,
)
from regions.network import ReluNetwork
from regions.pieces.count import count_by_pieces
from tests.helpers import random_network

PLANE = random_network(np.random.default_rng(8), 2, [8])
CONES = random_network(np.random.default_rng(9), 3, [6], bias_scale=0.0)


@pytest.mark.parametrize("rank", [2, 3, 5])
def test_faces_of_a_simplex_add_up_to_the_euler_characteristics(rank):
    faces = simplex_faces(rank)
    assert len(set(faces)) == len(faces) == 2 ** (rank + 1) - 2
    assert [len(face) for face in faces] == sorted(map(len, faces), reverse=True)
    # The surface is a sphere: 1 + (-1)^m for m = rank - 1, times (-1)^m.
    total = sum(sign_of(rank - len(face)) for face in faces)
    assert total == 1 + (-1) ** (rank - 1)
    # With the empty face for the apex: an open ball.
    assert sum(sign_of(rank - len(f)) for f in simplex_faces(rank, least=0)) == 1


@pytest.mark.parametrize("rank", [1, 2, 4, 6])
def test_simplex_surrounds_the_origin(rank):
    table = simplex_table(rank, (3, 4))
    corners = [[Fraction(v) for v in row] for row in table.tolist()]
    # Of equal weights it is the mean, and any `rank` corners are independent.
    assert all(sum(column) == 0 for column in zip(*corners, strict=True))
    for some in itertools.combinations(range(rank + 1), rank):
        assert abs(np.linalg.det(table[list(some)])) > 0.01


def test_interiors_are_those_of_units_that_have_a_boundary_there():
    # The second unit is zero wherever the first is off, and the third everywhere.
    weights = [np.array([[1.0, 0.0]]), np.array([[1.0], [0.0]]), np.ones((1, 2))]
    network = ReluNetwork.from_arrays(weights, None)
    points = np.array([[1.0, 5.0], [-1.0, 0.0], [0.0, 1.0]])
    inside = Interiors(network).contain(points)
    assert inside.tolist() == [True, True, False]
    exact = [tuple(map(Fraction, row)) for row in points.tolist()]
    assert Interiors(network).contain(exact).tolist() == inside.tolist()
    bits = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], bool)
    assert Interiors(network).contain(points, bits).tolist() == [True, False, False]


def test_a_fault_in_the_interiors_shows_in_cones_sectors_and_pieces(monkeypatch):
    def counts():
        return [
            int(count_regions(CONES, WholeSpace(3), method="cones")),
            int(count_regions(PLANE, WholeSpace(2), method="sectors")),
            int(count_by_pieces(PLANE, Box.cube(2), piece_regions=5)),
        ]

    found = counts()
    assert found == [
        int(count_regions(CONES, WholeSpace(3), method="tree")),
        int(count_regions(PLANE, WholeSpace(2), method="tree")),
        int(count_regions(PLANE, Box.cube(2), method="tree")),
    ]
    monkeypatch.setattr(
        Interiors, "contain", lambda self, points, *_, **__: np.zeros(len(points), bool)
    )
    assert all(a != b for a, b in zip(counts(), found, strict=True))
