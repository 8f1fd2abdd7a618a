"""Read-outs against brute force and exact cases."""

import numpy as np
import pytest

from experiments.measures import read_outs
from experiments.measures.read_outs import (
    READ_OUTS,
    delaunay,
    errors,
    linear,
    misclassified,
    nearest,
    nearest_index,
    shepard,
    three_nearest,
)

RNG = np.random.default_rng(0)
POINTS, OTHERS = RNG.normal(size=(30, 4)), RNG.normal(size=(17, 4))
VALUES = RNG.normal(size=(30, 2))
DISTANCES = np.linalg.norm(OTHERS[:, None] - POINTS, axis=2)


def test_nearest_neighbors_are_those_of_brute_force():
    order = DISTANCES.argsort(axis=1)
    np.testing.assert_allclose(nearest(POINTS, VALUES, OTHERS), VALUES[order[:, 0]])
    np.testing.assert_allclose(
        three_nearest(POINTS, VALUES, OTHERS), VALUES[order[:, :3]].mean(axis=1)
    )
    assert (nearest_index(POINTS, OTHERS) == order[:, 0]).all()


def test_shepard_is_its_formula_and_interpolates(monkeypatch):
    weights = DISTANCES**-2
    expected = weights @ VALUES / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shepard(POINTS, VALUES, OTHERS), expected)
    monkeypatch.setattr(read_outs, "CHUNK_BYTES", 8 * 30 * 4)
    np.testing.assert_allclose(shepard(POINTS, VALUES, OTHERS), expected)
    np.testing.assert_array_equal(shepard(POINTS, VALUES, POINTS), VALUES)
    twice = np.vstack([POINTS[:1], POINTS[:1]])
    mean = shepard(twice, np.array([[1.0], [3.0]]), POINTS[:1])
    assert mean.tolist() == [[2.0]]


def test_linear_and_delaunay_reproduce_affine_values():
    matrix = RNG.normal(size=(4, 2))
    found = linear(POINTS, POINTS @ matrix + 1.0, OTHERS)
    np.testing.assert_allclose(found, OTHERS @ matrix + 1.0, atol=1e-10)
    flat = RNG.normal(size=(40, 2))
    inside = flat[:30] * 0.05
    np.testing.assert_allclose(
        delaunay(flat, flat @ matrix[:2], inside), inside @ matrix[:2], atol=1e-12
    )


def test_delaunay_of_a_plane_in_space_is_that_of_the_plane():
    flat = RNG.normal(size=(40, 2))
    turn = np.linalg.qr(RNG.normal(size=(5, 5)))[0][:2]
    values = flat[:, :1] ** 2
    inside = flat[:10] * 0.05
    np.testing.assert_allclose(
        delaunay(flat @ turn, values, inside @ turn),
        delaunay(flat, values, inside),
        atol=1e-9,
    )


def test_every_read_out_takes_several_outputs():
    for read_out in READ_OUTS.values():
        assert read_out(POINTS, VALUES, OTHERS).shape == (17, 2)


def test_errors_and_classes():
    found = np.array([[0.0], [3.0]])
    assert errors(found, np.array([[1.0], [3.0]])) == (pytest.approx(0.5**0.5), 1.0)
    votes = np.array([[0.2, 0.5, 0.3], [0.5, 0.5, 0.0]])
    assert misclassified(votes, np.array([1, 1])).tolist() == [False, True]
