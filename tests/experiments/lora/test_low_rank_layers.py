"""Layers of low rank: against the hyperplanes in the space that they read."""

import math

import numpy as np
import pytest

import regions
from experiments.lora.low_rank_layers import adapted_layer, count_low_rank


@pytest.mark.parametrize(("dim", "rank"), [(3, 1), (3, 2), (4, 1), (4, 2)])
def test_an_adapter_alone_makes_as_many_regions_as_its_rank_allows(dim, rank):
    network = adapted_layer(dim, 6, rank, base=False, seed=0)
    assert np.linalg.matrix_rank(network.layers[0].weight) == rank
    found = count_low_rank(dim, 6, rank, base=False, seed=0)
    assert found.regions == found.bound == sum(math.comb(6, k) for k in range(rank + 1))
    # A second algorithm, on a box that holds all vertices of the smaller ones.
    box = regions.Box.cube(dim, 1e4)
    assert int(regions.count_regions(network, box, method="tree")) == found.regions


def test_on_a_base_of_full_rank_the_adapter_changes_no_count():
    found = count_low_rank(3, 6, 1, base=True, seed=0)
    assert found.regions == 1 + 6 + 15 + 20


def test_parallel_units_have_fewer_than_the_bound():
    """Not in general position: two units with one crease."""
    network = regions.ReluNetwork.from_arrays(
        [[[1.0, 1.0, 0.0], [2.0, 2.0, 0.0], [1.0, 1.0, 0.0]], [[1.0, 1.0, 1.0]]],
        [[0.0, 0.0, 1.0], [0.0]],
    )
    assert int(regions.count_regions(network, regions.WholeSpace(3))) == 3 < 4
