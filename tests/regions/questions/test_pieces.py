"""The exact list of pieces against the engines and against volumes."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.domains.simplices import power_integrals
from regions.enumeration.budget import Budget
from regions.questions.pieces import Pieces
from tests.helpers import random_network
from tests.zoo import ZOO


@pytest.mark.parametrize("name", ZOO)
def test_there_are_as_many_pieces_as_regions(name):
    network, box = ZOO[name]
    pieces = Pieces(network, box, Budget())
    found = {piece.on for piece in pieces}
    listed = regions.enumerate_regions(network, box)
    units = network.unit_patterns(listed.pattern_bits())
    assert found == {tuple(row) for row in units.tolist()}
    assert pieces.complete


def test_volumes_of_pieces_add_up_exactly():
    network = random_network(np.random.default_rng(1), 3, [5, 4])
    domain = regions.Simplex([[0, 0, 0], [2, 0, 0], [0, 1, 0], [0.5, 0, 3]])
    total = Fraction(0)
    for piece in Pieces(network, domain, Budget()):
        ones = [Fraction(1)] * len(piece.cell.corners)
        total += power_integrals(piece.cell, ones, 0)[0]
    assert total == domain.rational_volume()


def test_outputs_of_a_piece_are_those_of_the_network():
    network = random_network(np.random.default_rng(2), 2, [6, 5], slopes=0.25)
    for piece in Pieces(network, regions.Box.cube(2), Budget()):
        middle = piece.cell.middle()
        (form,) = piece.outputs.matrix.tolist()
        value = sum(int(a) * x for a, x in zip(form, (*middle, 1), strict=True))
        expected = network(np.array([[float(v) for v in middle]]))[0, 0]
        assert float(value / (1 << piece.outputs.shift)) == pytest.approx(expected)


def test_a_limit_ends_the_list():
    network = random_network(np.random.default_rng(2), 2, [6, 5])
    pieces = Pieces(network, regions.Box.cube(2), Budget(max_regions=3))
    assert len([*pieces]) == 3
    assert not pieces.complete


def test_many_dimensions_are_refused_in_one_line():
    network = random_network(np.random.default_rng(2), 7, [2])
    with pytest.raises(
        ValueError, match="7 dimensions: pieces are listed in at most 6"
    ):
        Pieces(network, regions.Box.cube(7), Budget())
