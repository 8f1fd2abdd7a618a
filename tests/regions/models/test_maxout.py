"""Maxout networks against the maximum itself and against polygons cut by envelopes."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.models.maxout import maxout_network
from regions.signs.exact import ExactNetwork

BOX = regions.Box([-1.0, -1.0], [1.0, 1.0])


def _random_layers(rng, sizes, rank):
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise(sizes[:-1]):
        weights.append(rng.standard_normal((rank, fan_out, fan_in)))
        biases.append(0.5 * rng.standard_normal((rank, fan_out)))
    return (
        weights,
        biases,
        rng.standard_normal((sizes[-1], sizes[-2])),
        rng.standard_normal(sizes[-1]),
    )


def _maxout(arrays, points):
    """The definition: the largest of the affine functions, unit by unit."""
    weights, biases, matrix, shift = arrays
    hidden = points
    for W, b in zip(weights, biases, strict=True):
        hidden = (np.einsum("kof,pf->pko", W, hidden) + b).max(axis=1)
    return hidden @ matrix.T + shift


def _clip(polygon, row, right):
    """The part of a polygon with `row . x <= right`, corner by corner."""
    result = []
    for p, q in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        a, b = right - row @ p, right - row @ q
        if a >= 0.0:
            result.append(p)
        if a * b < 0.0:
            result.append(p + a / (a - b) * (q - p))
    return np.array(result).reshape(-1, 2)


def _area(polygon):
    x, y = polygon.T
    return 0.5 * abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) if len(polygon) else 0.0


def _polygon_count(arrays, corners):
    """Cells of the winners of all units, cut one unit at a time by upper envelopes."""
    cells = [(corners, np.eye(2), np.zeros(2))]
    for W, b in zip(arrays[0], arrays[1], strict=True):
        after = []
        for polygon, J, c in cells:
            parts = [(polygon, ())]
            for unit in range(W.shape[1]):
                rows, shifts = W[:, unit] @ J, W[:, unit] @ c + b[:, unit]
                split = []
                for part, winners in parts:
                    for k in range(len(rows)):
                        piece = part
                        for other in range(len(rows)):
                            if other != k and len(piece):
                                piece = _clip(
                                    piece,
                                    rows[other] - rows[k],
                                    shifts[k] - shifts[other],
                                )
                        if _area(piece) > 1e-12:
                            split.append((piece, (*winners, k)))
                parts = split
            for part, winners in parts:
                units = np.arange(len(winners))
                chosen = W[list(winners), units]
                after.append((part, chosen @ J, chosen @ c + b[list(winners), units]))
        cells = after
    assert sum(_area(cell) for cell, *_ in cells) == pytest.approx(4.0)
    return len(cells)


@pytest.mark.parametrize("rank", [1, 2, 3, 4, 5])
def test_network_is_the_maximum_of_its_affine_functions(rank):
    rng = np.random.default_rng(rank)
    arrays = _random_layers(rng, [3, 4, 2, 5, 2], rank)
    network = maxout_network(*arrays)
    points = rng.standard_normal((200, 3))
    np.testing.assert_allclose(network(points), _maxout(arrays, points), atol=1e-12)
    assert network.num_bits == (4 + 2 + 5) * (rank - 1)


@pytest.mark.parametrize(("rank", "sizes"), [(2, [2, 4, 3, 2]), (3, [2, 3, 3, 2])])
def test_linear_regions_equal_an_independent_polygon_count(rank, sizes):
    arrays = _random_layers(np.random.default_rng(10 + rank), sizes, rank)
    found = regions.enumerate_regions(maxout_network(*arrays), BOX)
    assert found.complete
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    linear = found.linear_regions().count
    assert linear == _polygon_count(arrays, corners)
    # Above rank 2 the tournament cuts where nothing bends.
    assert linear == len(found) if rank == 2 else linear < len(found)


def test_one_unit_of_rank_k_has_at_most_k_pieces_and_all_of_them_for_a_parabola():
    # The tangents of x^2 at -2, -1, 0, 1, 2 all appear in their maximum.
    touch = np.arange(-2.0, 3.0)
    weights = [(2.0 * touch)[:, None, None]]
    network = maxout_network(weights, [-(touch**2)[:, None]], [[1.0]], [0.0])
    line = regions.Segment([-10.0], [10.0])
    assert regions.count_linear_regions(network, line).count == 5
    assert int(regions.count_regions(network, line)) >= 5


def test_one_layer_is_at_most_the_sharp_bound():
    # Montufar, Ren, Zhang (2021): sum over j of C(n, j) (k - 1)^j, j at most n0.
    for seed in range(5):
        arrays = _random_layers(np.random.default_rng(seed), [2, 3, 1], 3)
        count = regions.count_linear_regions(
            maxout_network(*arrays), regions.Box.cube(2, 1000.0)
        ).count
        assert count <= sum(math.comb(3, j) * 2**j for j in range(3))


def test_functions_whose_difference_rounds_stay_exact():
    W = np.array([[[1.0]], [[2.0**-60]]])
    network = maxout_network([W], [[[0.0], [0.0]]], [[1.0]], [0.0])
    line = regions.Segment([-1.0], [1.0])
    exact = ExactNetwork(network, regions.Box([-1.0], [1.0]))
    kinks = np.concatenate([layer.kinks for layer in network.hidden])
    slopes = set()
    for bits in regions.enumerate_regions(network, line).pattern_bits():
        full = np.zeros(len(kinks), bool)
        full[kinks] = bits
        slopes.add(exact.affine_map(full)[0][0])
    assert slopes == {Fraction(1), Fraction(1, 2**60)}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"weights": []}, "at least one"),
        ({"biases": [np.zeros((3, 1))]}, r"biases\[0\]"),
        ({"output_weight": [[1.0, 2.0]]}, "output_weight"),
        ({"output_bias": [1.0, 2.0]}, "output_bias"),
        ({"weights": [[[[np.inf]], [[1.0]]]]}, "NaN or infinity"),
        ({"weights": [[[1.0]]]}, "3 axes"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(change, match):
    arguments = {
        "weights": [[[[1.0]], [[2.0]]]],
        "biases": [[[0.0], [0.0]]],
        "output_weight": [[1.0]],
        "output_bias": [0.0],
    }
    with pytest.raises(ValueError, match=match):
        maxout_network(**{**arguments, **change})
