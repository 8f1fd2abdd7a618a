"""Persistent homology of outputs, against the Betti numbers of single level sets."""

import itertools
from fractions import Fraction

import gudhi
import numpy as np
import pytest

from regions.domains.shapes import Box, WholeSpace
from regions.errors import IncompleteError
from regions.topology.persistence import output_persistence
from regions.topology.topology import betti_numbers
from tests.helpers import random_network
from tests.regions.topology.test_random_networks import random_network as of_kind


@pytest.mark.parametrize(("dim", "widths"), [(2, (7, 6)), (3, (5, 4)), (4, (4,))])
@pytest.mark.parametrize("above", [False, True])
def test_level_sets_have_the_numbers_of_the_intervals(
    dim: int, widths: tuple[int, ...], above: bool
):
    network = random_network(np.random.default_rng(dim), dim, widths)
    domain = Box.cube(dim, 2.0)
    found = output_persistence(network, domain, above=above)
    values = found.critical_values
    between = [(a + b) / 2 for a, b in itertools.pairwise(values)]
    for threshold in map(float, between[:: max(1, len(between) // 3)]):
        words = f"output {'>=' if above else '<='} {threshold!r}"
        assert found.betti_at(threshold) == betti_numbers(network, domain, words)


@pytest.mark.parametrize("seed", range(3))
def test_ties_of_degenerate_networks_at_critical_values(seed: int):
    """Values are integers here: thresholds hit them, and nothing may be rounded."""
    network, domain = of_kind((2, 5, 4, 1), seed, "integer"), Box.cube(2, 2.0)
    found = output_persistence(network, domain)
    whole = [v for v in found.critical_values if v.denominator == 1][:3]
    assert whole
    for value in whole:
        words = f"output <= {int(value)}"
        assert found.betti_at(value) == betti_numbers(network, domain, words)


def test_intervals_of_the_library_for_simplices():
    """The same intervals as those of the barycentric subdivision, by GUDHI."""
    network = random_network(np.random.default_rng(5), 2, (6, 5))
    domain = Box.cube(2, 2.0)
    mine = output_persistence(network, domain)
    tree = gudhi.SimplexTree()
    for flag, value in _flags(network, domain):
        tree.insert(flag, filtration=value)
    tree.make_filtration_non_decreasing()
    other = [
        (k, birth, death)
        for k, (birth, death) in tree.persistence(persistence_dim_max=True)
        if death - birth > 1e-9
    ]
    same = [
        (i.dimension, float(i.birth), np.inf if i.death is None else float(i.death))
        for i in mine.intervals
    ]
    same = [interval for interval in same if interval[2] - interval[1] > 1e-9]
    assert len(other) == len(same)
    np.testing.assert_allclose(sorted(other), sorted(same), atol=1e-9)


def _flags(network, domain):
    """Simplices of the barycentric subdivision with values, in float64."""
    from regions.topology.topology import topology_of

    found = topology_of(network, domain, "partition")
    complex_ = found.complex
    points = found.table.points[complex_.corner]
    value = network(points)[:, 0]
    first = np.cumsum([0, *complex_.counts])
    top = [
        [float(value[faces.row(f)].max()) for f in range(len(faces))]
        for faces in complex_.members
    ]
    result = []
    for region in range(complex_.counts[2]):
        for edge in complex_.boundaries[2].row(region).tolist():
            for vertex in complex_.boundaries[1].row(edge).tolist():
                flag = [vertex, int(first[1]) + edge, int(first[2]) + region]
                result.append((flag[:1], top[0][vertex]))
                result.append((flag[1:2], top[1][edge]))
                result.append((flag[:2], top[1][edge]))
                result += [(flag[2:], top[2][region]), (flag[1:], top[2][region])]
                result += [(flag[::2], top[2][region]), (flag, top[2][region])]
    return result


def test_a_flat_output_has_one_interval():
    network = of_kind((2, 3, 1), 0, "no bias")
    flat = type(network)(network.hidden, type(network.output)(
        np.zeros((1, 3)), np.full(1, 0.25), np.ones(1)))  # fmt: skip
    (only,) = output_persistence(flat, Box.cube(2)).intervals
    assert (only.dimension, only.birth, only.death) == (0, Fraction(1, 4), None)


def test_what_is_refused():
    network = random_network(np.random.default_rng(0), 2, (20, 20))
    with pytest.raises(ValueError, match="`output` is 1"):
        output_persistence(network, Box.cube(2), 1)
    with pytest.raises(ValueError, match="unbounded"):
        output_persistence(network, WholeSpace(2))
    with pytest.raises(IncompleteError, match="regions are found"):
        output_persistence(network, Box.cube(2), stop=lambda: True)
