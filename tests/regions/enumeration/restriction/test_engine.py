"""Counts of one layer on every domain, against other engines and brute force."""

import math

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, Segment, Simplex, Slice, WholeSpace
from regions.enumeration import count_regions
from regions.enumeration.budget import Budget
from regions.enumeration.cells import meanwhile
from regions.enumeration.engine import Task, tell_nobody
from regions.enumeration.restriction import fast, fast_polytopes, inside
from regions.enumeration.restriction.corners import domain_corners
from regions.enumeration.restriction.engine import Restriction
from regions.enumeration.restriction.fast import UnprovedError
from regions.enumeration.restriction.fast_polytopes import FastPolytopes
from regions.enumeration.restriction.hyperplanes import distinct_hyperplanes
from regions.enumeration.restriction.layer import layer_rows
from regions.enumeration.restriction.polytopes import PolytopeChains, crossing
from regions.enumeration.table import ENGINES
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from tests.helpers import brute_force_patterns, random_network
from tests.regions.enumeration.oracles import exact_patterns
from tests.regions.enumeration.restriction import families


def network_of(rows, slopes=None):
    table = np.array(rows, float)
    ones = np.ones((1, len(table)))
    return ReluNetwork.from_arrays(
        [table[:, :-1], ones],
        [table[:, -1], [0.0]],
        0.0 if slopes is None else [slopes],
    )


def count_layer(network, domain, budget, progress=tell_nobody):
    tally = Restriction().count(Task(network, domain, budget, progress))
    return tally.count, tally.complete, tally.stats


def counted(network, domain, **limits):
    count, complete, _ = count_layer(network, domain, Budget(**limits))
    assert complete
    return count


def random_rows(seed, dim, count):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (count, dim + 1)).astype(float)
    if seed % 3 == 0:
        rows[: count // 2] += rng.standard_normal((count // 2, dim + 1))
    return rows


def random_domain(seed, dim):
    rng = np.random.default_rng([seed, 5])
    kind = seed % 4
    if kind == 0:
        return Box(-np.ones(dim), np.ones(dim) * 2)
    if kind == 1:
        return Simplex(rng.integers(-2, 3, (dim + 1, dim)) + 9.0 * np.eye(dim + 1, dim))
    if kind == 2 and dim > 1:
        directions = rng.integers(-2, 3, (dim - 1, dim)) + 7.0 * np.eye(dim - 1, dim)
        return Slice(rng.integers(-1, 2, dim), directions, Box.cube(dim - 1, 0.5))
    return Segment(np.zeros(dim), rng.integers(1, 3, dim))


@pytest.mark.parametrize("seed", range(40))
def test_bounded_domains_against_elimination(seed):
    dim = 1 + seed % 3
    network = network_of(random_rows(seed, dim, 1 + seed % 6))
    domain = random_domain(seed, dim)
    assert counted(network, domain) == len(exact_patterns(network, domain))


@pytest.mark.parametrize("seed", range(40))
def test_plain_and_compiled_chains_inside_a_domain_agree(seed):
    dim = 1 + seed % 5
    network = network_of(random_rows(seed, dim, 3 + seed % 6))
    domain = random_domain(seed, dim)
    corners, facets = domain_corners(domain)
    hyperplanes = distinct_hyperplanes(layer_rows(network, domain))
    hyperplanes = crossing(hyperplanes, corners)
    plain = PolytopeChains(hyperplanes, corners)
    compiled = FastPolytopes(hyperplanes, corners, facets)
    for chains in (plain, compiled):
        chains.count(lambda: False, lambda share: None)
        assert chains.complete
    assert plain.betti == compiled.betti


@pytest.mark.parametrize("seed", range(12))
def test_whole_space_against_brute_force_and_scaled_biases(seed):
    dim = 1 + seed % 3
    rows = random_rows(seed, dim, 5)
    network = network_of(rows)
    space = WholeSpace(dim)
    count = counted(network, space)
    assert count == len(brute_force_patterns(network, space))
    rows[:, -1] *= 1024.0
    assert counted(network_of(rows), space) == count


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (families.threshold(3), 104),
        (families.resonance(4), 370),
        (families.type_b(3), 48),
        (families.differences(3, [-1, 0, 1]), 30),
    ],
)
def test_the_tree_lists_as_many(rows, count):
    network = network_of(rows)
    space = WholeSpace(network.input_dim)
    assert counted(network, space) == count
    assert int(count_regions(network, space, method="tree")) == count


def test_units_without_a_kink_and_repeated_ones_count_once_or_never():
    rows = [
        [1, 0, 0],
        [-2, 0, 0],
        [1, 0, 0],
        [0, 0, 1],
        [0, 0, 0],
        [0, 1, 0],
        [1, 1, 1],
    ]
    network = network_of(rows, slopes=[0.0, 0.5, 0.0, 0.0, 0.0, 1.0, 0.0])
    # Two lines remain.
    assert counted(network, WholeSpace(2)) == 4
    # They meet in (0, -1), outside.
    assert counted(network, Box([-0.5, -0.5], [0.5, 1.0])) == 2
    assert counted(network, Box([-2, -2], [2, 2])) == 4


def test_a_network_without_units_has_one_region():
    network = ReluNetwork.from_arrays([np.eye(2)], None)
    assert counted(network, WholeSpace(2)) == 1
    assert counted(network, Box.cube(2)) == 1


@pytest.mark.parametrize("method", ["auto", "restriction"])
@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_a_network_without_a_kink_has_one_region(dim, method):
    network = random_network(np.random.default_rng(3), dim, [4, 2], slopes=1.0)
    for domain in (Box.cube(dim), WholeSpace(dim)):
        assert int(count_regions(network, domain, method=method)) == 1


def test_a_common_point_inside_makes_the_whole_space_of_a_domain():
    rows = [(*row[:-1], -sum(row)) for row in families.resonance(5)]
    network = network_of(rows)
    # All meet where every coordinate is 1.
    assert counted(network, Box.cube(5, 1.5)) == 11292
    assert counted(network, Box.cube(5, 1.0)) < 11292


def test_general_position_in_a_large_box_is_the_whole_space():
    rows = np.random.default_rng(0).standard_normal((12, 6))
    expected = sum(math.comb(12, k) for k in range(6))
    assert counted(network_of(rows), WholeSpace(5)) == expected
    assert counted(network_of(rows), Box.cube(5, 1e6)) == expected


def test_coincidences_of_large_numbers_are_proved_in_a_box(monkeypatch):
    monkeypatch.setenv(SWITCH, "on")
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((8, 4))
    rows[:, -1] = 0.0
    rows = np.concatenate([rows, rng.standard_normal((2, 4)) * 0.1])
    network, domain = network_of(rows), Box.cube(3)
    _, _, facts = count_layer(network, domain, Budget())
    assert facts["checked"] > 0
    assert counted(network, domain) == int(
        count_regions(network, domain, method="tree")
    )


def test_too_many_coincidences_are_refused_or_left_to_integers(monkeypatch):
    monkeypatch.setenv(SWITCH, "on")
    monkeypatch.setattr(fast_polytopes, "MAX_CLAIMS", 2)
    rows = np.random.default_rng(1).standard_normal((6, 4))
    rows[:5, -1] = 0.0
    network, domain = network_of(rows), Box.cube(3)
    assert counted(network, domain) == len(exact_patterns(network, domain))
    monkeypatch.setattr(inside, "MANY_SECONDS", 0.0)
    with pytest.raises(NotGenericError, match="more coincidences"):
        count_layer(network, domain, Budget())


def test_a_box_of_long_numbers_has_the_coincidences_of_its_facets_proved(monkeypatch):
    monkeypatch.setenv(SWITCH, "on")
    network = network_of([(*row[:-1], -1) for row in families.resonance(4)])
    # 0.9 and -0.9 cancel: hyperplanes go through corners of flats.
    domain = Box.cube(4, 0.9)
    count, complete, facts = count_layer(network, domain, Budget())
    assert complete
    assert facts["checked"] > 100
    assert count == int(count_regions(network, domain, method="tree"))


def test_corners_beyond_the_first_room(monkeypatch):
    make_room, calls = FastPolytopes._make_room, []

    def told(self):
        calls.append(1)
        make_room(self)

    monkeypatch.setattr(FastPolytopes, "_make_room", told)
    # The middle slice of a simplex has more corners than four times those of it.
    dim = 16
    row = [*([1.0] * 8), *([0.0] * 8), -0.5]
    network = network_of([row, [*np.arange(1.0, 17.0), -4.25]])
    domain = Simplex(np.concatenate([np.zeros((1, dim)), np.eye(dim)]))
    corners, facets = domain_corners(domain)
    hyperplanes = crossing(distinct_hyperplanes(layer_rows(network, domain)), corners)
    chains = FastPolytopes(hyperplanes, corners, facets)
    for name in ("_points", "_errors", "_homogeneous", "_facets"):
        setattr(chains, name, np.ascontiguousarray(getattr(chains, name)[:, :20]))
    chains.count(lambda: False, lambda share: None)
    assert sum(chains.betti) == 4
    assert calls


@pytest.mark.parametrize("domain", [WholeSpace(5), Box.cube(5, 0.875)])
def test_limits_give_a_lower_bound(monkeypatch, domain):
    monkeypatch.setattr(fast, "QUOTA", 50)
    monkeypatch.setattr(fast_polytopes, "QUOTA", 50)
    network = network_of([(*row[:-1], -1) for row in families.resonance(5)])
    whole = counted(network, domain)
    count, complete, facts = count_layer(network, domain, Budget(max_regions=100))
    assert not complete
    assert 1 <= count <= whole
    assert facts["stopped"] == "max_regions=100 reached"
    count, complete, facts = count_layer(network, domain, Budget(max_seconds=1e-9))
    assert not complete
    assert 1 <= count <= whole


@pytest.mark.parametrize("domain", [WholeSpace(4), Box.cube(4, 0.875)])
def test_progress_rises_to_the_end(domain):
    told = []
    network = network_of([(*row[:-1], -1) for row in families.resonance(4)])
    count_layer(
        network, domain, Budget(), lambda done, total: told.append(done / total)
    )
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_unproved_never_leaves_the_package():
    assert not issubclass(UnprovedError, NotGenericError)


@pytest.mark.parametrize("has_code", [True, False])
def test_auto_takes_restriction_where_it_is_the_fastest(monkeypatch, has_code):
    """Cells are faster on boxes, with their code, if few hyperplanes meet in a flat."""
    monkeypatch.setattr(meanwhile, "is_at_hand", lambda task: has_code)
    tied = network_of(random_rows(1, 4, 6))
    generic = network_of(np.random.default_rng(2).standard_normal((6, 5)))
    wide = network_of(np.random.default_rng(3).standard_normal((400, 3)))
    small = network_of(np.random.default_rng(4).standard_normal((6, 3)))
    for network, domain, suits in [
        (tied, WholeSpace(4), True),
        (generic, WholeSpace(4), True),
        (tied, Box.cube(4), True),
        (generic, Box.cube(4), not has_code),
        (wide, Box.cube(2), not has_code),
        (small, Box.cube(2), False),
    ]:
        why = ENGINES["restriction"].suits(Task(network, domain))
        assert (why is not None) == suits
    for network in (tied, generic):
        counts = [
            int(count_regions(network, Box.cube(4), method=method))
            for method in ("auto", "tree")
        ]
        assert counts[0] == counts[1]


def test_wide_boxes_have_too_many_corners():
    wide = ReluNetwork.from_arrays([np.eye(12), np.eye(12)], None)
    with pytest.raises(ValueError, match="corners of the domain, which are too many"):
        count_regions(wide, Box.cube(12), method="restriction")
