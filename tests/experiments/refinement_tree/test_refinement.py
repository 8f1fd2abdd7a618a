"""Nested partitions: parents, pieces and areas against second ways to get them."""

import numpy as np
import pytest

import regions
from experiments.refinement_tree.refinement import cut_parents, prefix_network, refine
from tests.helpers import random_network

BOX = regions.Box.cube(2, 1.0)


@pytest.fixture(scope="module")
def network():
    return random_network(np.random.default_rng(5), 2, [5, 4, 3])


@pytest.fixture(scope="module")
def levels(network):
    return refine(network, BOX)


def test_counts_are_those_of_the_prefixes_of_all_patterns(network, levels):
    whole = regions.enumerate_regions(network, BOX)
    bits = whole.pattern_bits()
    for level, width in zip(levels, (5, 9, 12), strict=True):
        assert len(level.found) == len(np.unique(bits[:, :width], axis=0))
    assert len(levels[-1].found) == len(whole)


def test_parents_are_where_the_witnesses_lie(levels):
    before = None
    for level in levels:
        assert (level.parents >= 0).all()
        if before is not None:
            codes = before.network.patterns(level.found.witnesses)
            wanted = before.pattern_bits()[level.parents]
            assert (codes == wanted).all()
        assert level.children.sum() == len(level.found)
        assert level.area_gap < 1e-12
        before = level.found


def test_pieces_are_the_regions_that_one_unit_alone_adds(network, levels):
    first, second, third = network.hidden
    for unit in range(second.width):
        alone = regions.ReluNetwork.from_arrays(
            [first.weight, second.weight[[unit]], [[1.0]]],
            [first.bias, second.bias[[unit]], None],
        )
        added = int(regions.count_regions(alone, BOX)) - len(levels[0].found)
        assert levels[1].pieces[unit] == added
    assert levels[2].pieces.shape == (third.width,)
    # A layer of n units adds at least as much as each alone, at most all crossings.
    assert len(levels[1].found) - len(levels[0].found) >= levels[1].pieces.max()


def test_first_layer_is_cut_where_lines_meet_the_box(network, levels):
    first = network.hidden[0]
    reach = np.abs(first.weight).sum(axis=1)
    assert (
        levels[0].pieces.tolist() == (np.abs(first.bias) < reach).astype(int).tolist()
    )


def test_a_foreign_prefix_has_no_parent_and_is_counted():
    bits = np.array([[True, False], [False, False], [True, True], [False, True]])
    parents = np.array([0, 0, 1, -1])
    assert cut_parents(bits, parents).tolist() == [1, 0]


def test_prefix_has_the_first_bits_of_the_network(network):
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (200, 2))
    short = prefix_network(network, 2)
    assert short.num_bits == 9
    assert (short.patterns(points) == network.patterns(points)[:, :9]).all()
    for layers in (0, 4):
        with pytest.raises(ValueError, match="1 to 3 layers"):
            prefix_network(network, layers)
