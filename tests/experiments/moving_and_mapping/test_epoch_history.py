"""What an epoch changed, on networks whose change is known."""

import numpy as np
import pytest

import regions
from experiments.moving_and_mapping.epoch_history import (
    epoch_changes,
    moved_creases,
    window_shares,
)

GRID = np.array([[-0.75, 0.5], [-0.25, 0.5], [0.25, 0.5], [0.75, 0.5]])
DATA = np.array([[0.75, 0.75]])


def _network(bias, out=1.0):
    return regions.ReluNetwork.from_arrays(
        [np.eye(2), [[out, 1.0]]], [[bias, 0.0], [0.0]]
    )


def test_a_shifted_crease_and_a_changed_map():
    changes = epoch_changes(
        [_network(0.0), _network(-0.5), _network(-0.5, 2.0)], GRID, DATA
    )
    # The first epoch moves the crease past the point at 1/4.
    assert changes["points_grid"].tolist() == [0.25, 0.0]
    assert changes["bits_grid"].tolist() == [0.125, 0.0]
    assert changes["points_data"].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(changes["weights"], [0.5, 1.0])
    np.testing.assert_allclose(changes["turned"], np.zeros((2, 2)), atol=1e-5)
    np.testing.assert_allclose(changes["shifted"], [[0.5, 0.0], [0.5, 0.0]])
    # Without a change of patterns all of the output's change is that of the maps.
    assert changes["share_data"].tolist() == [0.0, 0.0]
    assert changes["maps_data"][0] == pytest.approx(0.5)
    # At the point that crosses, max(x, 0) = 1/4 becomes 0: maps held, the pattern's
    # part is the mean of 1/4 (old map) and -1/4 (new map) going off: nothing.
    assert changes["partition_grid"][0] == pytest.approx(0.0)
    assert changes["maps_grid"][0] == pytest.approx(np.sqrt((0.25**2 + 0.5**2) / 4.0))
    assert changes["partition_grid"][1] == 0.0


def test_creases_in_a_box():
    box = regions.Box([-1.0, -1.0], [1.0, 1.0])
    assert moved_creases(_network(0.0), _network(-0.5), box).tolist() == [True, True]
    assert moved_creases(_network(0.0), _network(-3.0), box).tolist() == [False, True]


def test_share_of_the_partition_grows_with_the_window():
    """A crease that passes a point slowly: each step does little, all do much."""
    networks = [_network(bias) for bias in np.linspace(0.5, -0.5, 21)]
    points = np.array([[0.01, -1.0]])
    short, whole = window_shares(networks, points, [1, 20])
    assert short == 0.0
    # From 0.51 to 0, by halves: maps -1/2 and 0, the partition 0.01 and -0.51.
    maps, partition = abs((-1.0 + 0.0) / 2.0), abs((-0.51 + 0.49) / 2.0)
    assert whole == pytest.approx(partition / (maps + partition))
