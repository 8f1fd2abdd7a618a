"""Sets of random networks, degenerate ones among them, by other means."""

import itertools

import numpy as np
import pytest
import skimage.measure

from regions.domains.shapes import Box, Simplex, Slice, WholeSpace
from regions.errors import IncompleteError
from regions.network import ReluNetwork
from regions.partition.decision_regions import decision_regions
from regions.topology.chains import betti_by_reduction, closed_chains
from regions.topology.topology import Topology, betti_numbers, topology_of
from tests.zoo import ZOO


def random_network(shape: tuple[int, ...], seed: int, kind: str) -> ReluNetwork:
    """Normal weights, small integers, or integers without biases."""
    rng = np.random.default_rng(seed)
    sizes = list(itertools.pairwise(shape))
    if kind == "normal":
        weights = [rng.standard_normal((b, a)) / np.sqrt(a) for a, b in sizes]
        return ReluNetwork.from_arrays(
            weights, [rng.normal(0, 0.3, b) for _, b in sizes]
        )
    weights = [rng.integers(-2, 3, (b, a)) for a, b in sizes]
    biases = [rng.integers(-1, 2, b) * (kind == "integer") for _, b in sizes]
    return ReluNetwork.from_arrays(weights, biases)


CASES = [
    ((2, 8, 8, 1), "normal"),
    ((2, 8, 8, 3), "normal"),
    ((2, 6, 6, 1), "integer"),
    ((2, 5, 5, 3), "no bias"),
    ((3, 6, 6, 1), "normal"),
    ((3, 5, 5, 2), "integer"),
    ((3, 5, 4, 1), "no bias"),
    ((4, 5, 4, 1), "normal"),
    ((4, 4, 3, 1), "integer"),
    ((5, 5, 1), "integer"),
]


@pytest.mark.parametrize(("shape", "kind"), CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_graphs_matrices_and_duality_agree(
    shape: tuple[int, ...], kind: str, seed: int
):
    network, domain = random_network(shape, seed, kind), Box.cube(shape[0], 2.0)
    above = "output > 0" if shape[-1] == 1 else "class 0"
    for of in (above, "complement", "boundary"):
        found = topology_of(network, domain, of)
        betti = betti_by_reduction(found.chains())
        assert betti == (*found.betti, 0)
        assert sum((-1) ** k * b for k, b in enumerate(betti)) == (
            found.euler_characteristic
        )
        if of == above and found.betti[0]:
            masks = zip(found.inside, found.complex.outer, strict=True)
            rest = [~inside & ~outer for inside, outer in masks]
            dual = betti_by_reduction(closed_chains(found.complex, rest))
            assert dual == (*reversed(found.betti[1:]), found.betti[0] - 1, 0)


def test_boundary_of_a_boundary_is_nothing():
    found = topology_of(random_network((4, 5, 1), 3, "integer"), Box.cube(4))
    for k in range(2, 5):
        for face in range(len(found.complex.members[k])):
            parts = found.complex.boundaries[k].row(face)
            edges = found.complex.boundaries[k - 1].take(parts).items
            assert (np.bincount(edges) % 2 == 0).all()


def parts_on_a_grid(positive: np.ndarray, connectivity: int) -> int:
    """Components of a union of pixels or voxels."""
    label = skimage.measure.label(positive, connectivity=connectivity)
    return len(np.unique(np.asarray(label)[positive]))


def numbers_on_a_grid(positive: np.ndarray) -> tuple[int, ...]:
    """Betti numbers of a union of pixels or voxels, by another library."""
    dim = positive.ndim
    near = 1  # faces only: as the inside of the union
    parts = parts_on_a_grid(positive, near)
    around = np.pad(~positive, 1, constant_values=True)
    rest = parts_on_a_grid(around, dim)
    if dim == 2:
        return parts, rest - 1
    euler = int(skimage.measure.euler_number(positive, connectivity=near))
    return parts, parts + rest - 1 - euler, rest - 1


@pytest.mark.parametrize(
    ("shape", "seed", "cells"),
    [((2, 6, 6, 1), seed, 700) for seed in range(4)]
    + [((3, 4, 4, 1), seed, 90) for seed in (1, 3)],
)
def test_a_fine_grid_has_the_same_numbers(
    shape: tuple[int, ...], seed: int, cells: int
):
    network, dim = random_network(shape, seed, "normal"), shape[0]
    ticks = (np.arange(cells) + 0.5) / cells * 4.0 - 2.0
    points = np.stack(np.meshgrid(*[ticks] * dim, indexing="ij"), -1).reshape(-1, dim)
    positive = network(points).reshape((cells,) * dim) > 0.0
    assert betti_numbers(network, Box.cube(dim, 2.0)) == numbers_on_a_grid(positive)


@pytest.mark.parametrize("seed", range(4))
def test_components_are_those_of_decision_regions(seed: int):
    """Where no tie has a facet, parts of open sets are the components found there."""
    network, domain = random_network((2, 6, 6, 3), seed, "normal"), Box.cube(2, 2.0)
    other = decision_regions(network, domain)
    for k in range(3):
        parts = topology_of(network, domain, f"class {k}").components
        assert len(parts) == int((other.classes == k).sum())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["normal", "integer"])
def test_the_whole_space(seed: int, kind: str):
    """Bounded components are those that recession cones say are bounded."""
    network = random_network((2, 5, 4, 2), seed, kind)
    other = decision_regions(network, WholeSpace(2))
    found = [topology_of(network, WholeSpace(2), f"class {k}") for k in (0, 1)]
    if kind == "normal":
        for k, case in enumerate(found):
            mine = sorted(part.bounded for part in case.components)
            assert mine == sorted(other.bounded[other.classes == k].tolist())
    for case in found:
        assert betti_by_reduction(case.chains()) == (*case.betti, 0)


def test_slices_and_simplices():
    network = random_network((5, 7, 6, 1), 2, "normal")
    rng = np.random.default_rng(0)
    origin, directions = rng.normal(size=5), rng.normal(size=(2, 5))
    on_slice = topology_of(network, Slice(origin, directions, Box.cube(2, 3.0)))
    plane = network.restrict(origin, directions)
    assert on_slice.betti == betti_numbers(plane, Box.cube(2, 3.0))
    triangle = Simplex(rng.normal(size=(4, 5)))
    found: Topology = topology_of(network, triangle, "partition")
    assert found.betti[2] == found.num_regions - _outer_regions(found)


def _outer_regions(found: Topology) -> int:
    """Regions that reach the boundary of the domain."""
    outer = found.complex.outer[-2]
    return int(found.complex.boundaries[-1].any_in(outer).sum())


@pytest.mark.parametrize("name", [n for n in ZOO if 2 <= ZOO[n][1].dim <= 4])
def test_awkward_networks(name: str):
    network, box = ZOO[name]
    above = "output > 0" if network.output_dim == 1 else "class 0"
    for of in ("partition", above, "boundary"):
        found = topology_of(network, box, of)
        assert betti_by_reduction(found.chains()) == (*found.betti, 0)


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ("class 2", "2 classes"),
        ("output 1 > 0", "1 outputs"),
        ("output > x", "finite number"),
        ("somewhere", "is required"),
    ],
)
def test_words_that_define_no_set(of: str, words: str):
    network = random_network((2, 3, 1), 0, "normal")
    with pytest.raises(ValueError, match=words):
        topology_of(network, Box.cube(2), of)


def test_limits_and_domains():
    network = random_network((2, 30, 30, 1), 0, "normal")
    with pytest.raises(IncompleteError, match="regions are found"):
        topology_of(network, Box.cube(2), stop=lambda: True)
    # Whoever says so once is heard, whatever he says later.
    said = iter([True])
    with pytest.raises(IncompleteError, match="regions are found, and all of them"):
        topology_of(network, Box.cube(2), stop=lambda: next(said, False))
    with pytest.raises(ValueError, match="dimension 6"):
        topology_of(random_network((6, 3, 1), 0, "normal"), Box.cube(6))
    flat = ReluNetwork.from_arrays([[[1.0, 1.0]], [[1.0]]], None)
    with pytest.raises(ValueError, match="1 of 2 directions"):
        topology_of(flat, WholeSpace(2))
