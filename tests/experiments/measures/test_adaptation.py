"""Numbers of a tuned network, on networks whose change is known."""

import numpy as np
import pytest

import regions
from experiments.measures.adaptation import (
    Probe,
    accuracy,
    adaptation_numbers,
    box_grid,
    change_ranks,
    drift,
)
from training.labeled import Labeled

BOX = regions.Box([-1.0, -1.0], [1.0, 1.0])


def _network(first, second, bias=(0.0, 0.0)):
    return regions.ReluNetwork.from_arrays([first, second], [bias, [0.0, 0.0]])


CROSS = _network(np.eye(2), np.eye(2))
"""Four quadrants; the outputs are the positive parts of the coordinates."""

OLD = Labeled(np.array([[0.5, 0.25], [0.25, 0.5]]), np.array([0, 1]))


def _probe(old=OLD, new=OLD):
    return Probe(BOX, box_grid(BOX, 4), old, new)


def test_grid_tiles_the_box():
    grid = box_grid(regions.Box([0.0, 10.0], [4.0, 12.0]), 2)
    assert grid.tolist() == [[1.0, 10.5], [3.0, 10.5], [1.0, 11.5], [3.0, 11.5]]


def test_a_shifted_crease():
    shifted = _network(np.eye(2), np.eye(2), (-0.5, 0.0))
    numbers = adaptation_numbers(CROSS, shifted, _probe())
    assert numbers["regions_before"] == numbers["regions_after"] == 4
    assert numbers["jaccard"] == 1.0
    assert numbers["turned"] == 0.0
    # One crease of two by 1/2.
    assert numbers["shifted"] == 0.25
    assert numbers["distance"] == 0.5
    # Grid columns at -3/4, -1/4, 1/4, 3/4: one of four changes a bit of two.
    assert numbers["points_grid"] == 0.25
    assert numbers["bits_grid"] == 0.125
    assert (numbers["rank_0"], numbers["rank_1"]) == (0, 0)


def test_forgetting_and_drift():
    swapped = _network(np.eye(2), np.eye(2)[::-1])
    assert accuracy(CROSS, OLD) == 1.0
    numbers = adaptation_numbers(CROSS, swapped, _probe())
    assert (numbers["old_before"], numbers["old_after"]) == (1.0, 0.0)
    assert numbers["jaccard"] == numbers["jaccard_grid"] == 1.0
    # [[1, 0], [0, 1]] against [[0, 1], [1, 0]]: four entries change by 1.
    assert numbers["drift_old"] == pytest.approx(2.0)
    off = np.array([[-0.5, -0.5], [0.5, -0.5]])
    np.testing.assert_allclose(drift(CROSS, swapped, off), [0.0, np.sqrt(2.0)])


def test_ranks_of_changes():
    first = np.array([[2.0, 1.0], [4.0, 3.0]])
    other = _network(np.eye(2) + np.outer([1.0, 3.0], [2.0, -1.0]), np.eye(2) + first)
    assert change_ranks(CROSS, other).tolist() == [1, 2]
