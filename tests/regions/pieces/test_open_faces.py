from fractions import Fraction

import numpy as np

from regions.domains.shapes import Box
from regions.enumeration import count_regions
from regions.network import ReluNetwork
from regions.pieces.count import count_by_pieces
from regions.pieces.open_faces import Interiors
from tests.helpers import random_network

PLANE = random_network(np.random.default_rng(8), 2, [8])


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


def test_a_fault_in_the_interiors_shows_in_pieces(monkeypatch):
    def count():
        return int(count_by_pieces(PLANE, Box.cube(2), piece_regions=5))

    found = count()
    assert found == int(count_regions(PLANE, Box.cube(2), method="tree"))
    monkeypatch.setattr(
        Interiors, "contain", lambda self, points, *_, **__: np.zeros(len(points), bool)
    )
    assert count() != found
