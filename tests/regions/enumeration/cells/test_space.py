"""Cells in three to six dimensions: counts and lists against independent ones."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, Simplex, Slice
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.cells.space import (
    corner_signs as space_signs,
    cutting as space_cutting,
    drawing as space_drawing,
    forms as space_forms,
    kernel as space_kernel,
    residues as space_residues,
    segments as space_segments,
    state as space_state,
    walk as space_walk,
    zeros as space_zeros,
)
from regions.enumeration.cells.space.bits import popcount
from regions.enumeration.cells.space.counting import count_space
from regions.enumeration.cells.space.exact import bits_of
from regions.enumeration.cells.space.listing import list_space
from regions.enumeration.walk.facet_flips import explore_regions
from regions.network import ReluNetwork
from regions.results.cells import hull_volume
from regions.results.region_set import RegionSet
from tests.helpers import random_network
from tests.regions.enumeration.helpers import one_layer, patterns_of
from tests.regions.enumeration.oracles import exact_patterns, integer_network
from tests.zoo import ZOO


def never():
    return False


def count(network, domain):
    number, complete, _ = count_space(network, domain, never)
    assert complete
    return number


def listed(network, domain, stop=never, max_regions=None) -> RegionSet:
    found = list_space(network, domain, stop, max_regions)
    return RegionSet(
        network,
        domain,
        found.patterns,
        found.coordinates,
        complete=found.complete,
        method="cells",
        seconds=0.0,
        stats=found.stats,
        exact_witnesses=found.exact_witnesses,
    )


def domain_of(rng, dim):
    kind = int(rng.integers(3))
    if kind == 0:
        return Box(-rng.integers(1, 3, dim), rng.integers(1, 3, dim))
    if kind == 1:
        # Corners on the lattice of the weights: units touch them.
        steps = rng.integers(0, 2, (dim, dim))
        corners = np.tril(steps, -1) + np.diag(rng.choice([-2, -1, 1, 2], dim))
        return Simplex(np.concatenate([np.zeros((1, dim)), corners]))
    return Slice(rng.integers(-1, 2, dim), np.eye(dim)[::-1], Box.cube(dim))


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setenv(SWITCH, "off")


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("name", sorted(n for n in ZOO if ZOO[n][1].dim in range(3, 7)))
def test_zoo_is_listed_as_by_the_tree(name):
    network, domain = ZOO[name]
    expected = patterns_of(enumerate_regions(network, domain, method="tree"))
    assert patterns_of(listed(network, domain)) == expected
    assert count(network, domain) == len(expected)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("seed", range(12))
def test_integer_networks_are_listed_as_by_exact_brute_force(seed):
    rng = np.random.default_rng([seed, 16])
    widths = [[4], [3, 2], [5], [2, 2, 2]][seed % 4]
    network, domain = integer_network(rng, 3, widths, 1 + seed % 2), domain_of(rng, 3)
    expected = exact_patterns(network, domain)
    assert patterns_of(listed(network, domain)) == expected
    assert count(network, domain) == len(expected)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(("dim", "seed"), [*itertools.product((3, 4, 5, 6), range(4))])
def test_degenerate_networks_are_listed_as_by_the_tree(dim, seed):
    rng = np.random.default_rng([seed, dim])
    network, domain = integer_network(rng, dim, [4, 3], 2), domain_of(rng, dim)
    expected = patterns_of(enumerate_regions(network, domain, method="tree"))
    assert patterns_of(listed(network, domain)) == expected
    assert count(network, domain) == len(expected)


@pytest.mark.usefixtures("plain")
def test_skip_blocks_slopes_and_twins():
    rng = np.random.default_rng(5)
    first = rng.standard_normal((4, 3))
    first[2], first[3] = -first[0], 0.1 * first[1]
    network = ReluNetwork.from_arrays(
        [first, rng.integers(-1, 2, (3, 4)), rng.integers(-1, 2, (2, 3)), [[1] * 2]],
        [[0.5, 0.25, -0.5, 0.025], [0, 0, 1], [0, 1], [0]],
        [[0.0, 1.0, -0.5, 0.1], 0.0, -1.0],
        skips={1: {0: np.eye(3)}, 2: {0: np.eye(2, 3), 1: np.ones((2, 4))}},
    )
    expected = exact_patterns(network, Box.cube(3))
    assert patterns_of(listed(network, Box.cube(3))) == expected
    assert count(network, Box.cube(3)) == len(expected)


@pytest.mark.usefixtures("plain")
def test_twins_are_off_where_their_leader_is_zero():
    # Where the first unit is off, the others read zero; the last is the negative one.
    rows = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    deeper = [[1.0, 0.0, 0.0], [-2.0, 0.0, 0.0], [0.0, 1.0, -1.0]]
    network = ReluNetwork.from_arrays(
        [rows, deeper, [[1.0] * 3]], [[0.0] * 3] * 2 + [[0]]
    )
    expected = exact_patterns(network, Box.cube(3))
    assert patterns_of(listed(network, Box.cube(3))) == expected
    assert count(network, Box.cube(3)) == len(expected)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("dim", [3, 4])
def test_arrangements_in_general_position_by_their_formula(dim):
    units = 14 - 2 * dim
    rng = np.random.default_rng(dim)
    network = one_layer(rng.standard_normal((units, dim)), rng.standard_normal(units))
    expected = sum(math.comb(units, k) for k in range(dim + 1))
    assert count(network, Box.cube(dim, 2.0**20)) == expected


@pytest.mark.usefixtures("plain")
def test_what_is_left_of_a_count_is_no_more_than_there_is():
    # Many sections of these are covered by units that came before.
    walk = space_walk.SpaceWalk(space_walk.SpaceTask(one_layer(binary(3)), Box.cube(3)))
    more, found = True, []
    while more:
        walk._paces[False]._work = 10.0
        more = walk.advance()
        found.append(walk.regions + walk.regions_left)
    assert found == sorted(found)
    assert found[-1] == walk.regions == 32


def assert_cells_are_right(network, domain):
    """Volumes fill the domain, and neighbors are those across each facet.

    Neighbors are found anew: points a little on either side of the middle of a facet.
    """
    found = enumerate_regions(network, domain, method="cells")
    cells = found.cells
    volumes = [hull_volume(cells.corners(k)) for k in range(len(found))]
    assert sum(volumes) == pytest.approx(float(domain.rational_volume()), rel=1e-9)
    bits, pairs = found.pattern_bits(), cells.neighbors
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    differ = bits[pairs[:, 0]] != bits[pairs[:, 1]]
    assert differ[np.arange(len(pairs)), cells.neighbor_bits].all()
    middles = cells.centroids()
    index = {tuple(row): k for k, row in enumerate(bits.tolist())}
    for a, b in pairs.tolist():
        shared = {tuple(p) for p in np.round(cells.corners(a), 9).tolist()} & {
            tuple(p) for p in np.round(cells.corners(b), 9).tolist()
        }
        center = np.mean([*shared], axis=0)
        assert len(shared) >= domain.dim
        for k in (a, b):
            inside = center + 1e-4 * (middles[k] - center)
            assert index[tuple(network.patterns(inside[None])[0].tolist())] == k
    return pairs


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("dim", [3, 4])
def test_corners_and_neighbors(dim):
    rng = np.random.default_rng(dim)
    network = random_network(rng, dim, [6, 3] if dim == 3 else [4, 2])
    pairs = assert_cells_are_right(network, Box.cube(dim))
    flipped = explore_regions(network, np.full(dim, 0.1), Box.cube(dim))
    assert len(pairs) == flipped.adjacency().number_of_edges()


@pytest.mark.usefixtures("plain")
def test_neighbors_of_an_arrangement_number_its_facets():
    # Each chamber of the braid arrangement of 4 letters has 3 walls.
    pairs = assert_cells_are_right(one_layer(braid(3)), Box.cube(3))
    assert len(pairs) == 24 * 3 // 2


@pytest.mark.usefixtures("plain")
def test_neighbors_across_twins():
    rows = np.array([[1, 2, 0], [-1, -2, 0], [0, 1, 1], [0, 0.1, 0.1]])
    network = ReluNetwork.from_arrays(
        [rows, [[1, 1, 1, 0], [0, 0, 2, 1]], [[1, 1]]],
        [[0.25, -0.25, 0.5, 0.05], [0, -0.5], [0]],
    )
    assert_cells_are_right(network, Box.cube(3))


def braid(dim):
    """All differences of two coordinates; one of dim + 1 coordinates is 0."""
    rows = [np.eye(dim)[i] - np.eye(dim)[j] for i in range(dim) for j in range(i)]
    return np.array([*np.eye(dim), *rows])


def with_sums(dim):
    """All differences and sums of two coordinates: type D."""
    pairs = list(itertools.combinations(np.eye(dim), 2))
    return np.array([a + s * b for a, b in pairs for s in (1, -1)])


def binary(dim):
    """All vectors of zeros and ones but 0: the resonance arrangement."""
    return np.array(list(itertools.product((0, 1), repeat=dim))[1:])


def signed(dim):
    """All vectors of signs with first entry 1: threshold functions."""
    return np.array([(1, *v) for v in itertools.product((1, -1), repeat=dim - 1)])


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("rows", "regions"),
    [
        (braid(3), 24),
        (braid(4), 120),
        (with_sums(4), 192),
        (np.concatenate([with_sums(3), np.eye(3)]), 48),
        (np.concatenate([with_sums(4), np.eye(4)]), 384),
        (binary(3), 32),
        (binary(4), 370),
        (signed(4), 104),
    ],
)
def test_arrangements_of_known_counts(rows, regions):
    dim = rows.shape[1]
    assert count(one_layer(rows), Box.cube(dim)) == regions


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("power", [-300, -30, 30, 300])
def test_powers_of_two_change_nothing(power):
    network = integer_network(np.random.default_rng(8), 3, [5, 4], 2)
    expected = count(network, Box.cube(3))
    first, *rest = network.layers
    factor = 2.0**power
    scaled = ReluNetwork.from_arrays(
        [first.weight * factor, *(layer.weight for layer in rest)],
        [layer.bias * factor for layer in network.layers],
        0.0,
    )
    plain_slopes = ReluNetwork.from_arrays(
        [layer.weight for layer in network.layers],
        [layer.bias for layer in network.layers],
        0.0,
    )
    expected = count(plain_slopes, Box.cube(3))
    assert count(scaled, Box.cube(3)) == expected


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("half", [2.0**-1040, 1e-200, 1e200, 1e300])
def test_domains_of_any_size(half):
    network = one_layer(np.concatenate([np.eye(3), binary(3)]))
    assert count(network, Box.cube(3, half)) == 32


def slivers():
    """Three times 0.1 is not 0.3: two hyperplanes that are almost one."""
    rows = [[0.1, 0.7, 0.2], [0.3, 2.1, 0.6], [1.0, 1.0, 1.0]]
    return one_layer(rows, [0.1, 0.3, 0.0])


SLIVERS = 7


@pytest.mark.usefixtures("plain")
def test_slivers_thinner_than_floats_have_rational_witnesses():
    expected = exact_patterns(slivers(), Box.cube(3))
    found = listed(slivers(), Box.cube(3))
    assert patterns_of(found) == expected
    assert len(expected) == SLIVERS


@pytest.mark.usefixtures("plain")
def test_cells_with_more_than_64_facets():
    # Rows around a circular cone: all meet at its tip.
    angles = 2.0 * np.pi * np.arange(70) / 70
    rows = np.stack([np.cos(angles), np.sin(angles), np.ones(70)], axis=1)
    network = one_layer(rows, np.full(70, -1.5))
    walk = space_walk.SpaceWalk(space_walk.SpaceTask(network, Box.cube(3, 2.0)))
    # Cells are cut in two, as for a list: sections have fewer facets.
    while walk.state.zeros.shape[0] == 1:
        assert walk.advance(work=66)
    assert walk.advance(work=66)
    state = walk.state
    top = state.cell[state.reg[space_state.TOP] - 1]
    at, corners = top[space_state.AT], top[space_state.CORNERS]
    zeros = state.zeros[:, at : at + corners].T.tolist()
    sizes = [sum(popcount(word) for word in words) for words in zeros]
    rows = {bit for words in zeros for bit in bits_of(np.array(words))}
    tip = max(sizes)
    assert len(rows) > 64
    assert sorted(sizes) == [3] * (corners - 1) + [tip]
    # Euler's formula, each facet at the tip with two edges there.
    assert corners == 2 * len(rows) - tip - 1


@pytest.mark.usefixtures("plain")
def test_a_stopped_run_counts_what_there_is_at_least():
    network = random_network(np.random.default_rng(2), 3, [12, 8])
    total = count(network, Box.cube(3))
    number, complete, _ = count_space(network, Box.cube(3), lambda: True)
    assert not complete
    assert 0 < number <= total
    some = listed(network, Box.cube(3), max_regions=10)
    assert len(some) == 10
    assert not some.complete


@pytest.mark.usefixtures("plain")
def test_handing_out_cells_changes_nothing():
    network = integer_network(np.random.default_rng(3), 3, [5, 4], 2)
    task = space_walk.SpaceTask(network, Box.cube(3))
    walks, total = [space_walk.SpaceWalk(task)], 0
    walks[0]._paces[False]._work = 70.0
    expected = count(network, Box.cube(3))
    while walks:
        walk = walks.pop()
        walk._paces[False]._work = 70.0
        if not walk.advance():
            total += walk.regions
            continue
        walks.append(walk)
        part = walk.give()
        if part is not None:
            walks.insert(0, part)
    assert total == expected


@pytest.mark.usefixtures("plain")
def test_cells_are_a_method_up_to_six_dimensions():
    network = one_layer(np.eye(3))
    found = count_regions(network, Box.cube(3), method="cells")
    assert int(found) == 8
    assert len(enumerate_regions(network, Box.cube(3), method="cells")) == 8
    with pytest.raises(ValueError, match="the domain has dimension 7"):
        count_regions(one_layer(np.eye(7)), Box.cube(7), method="cells")


@pytest.mark.usefixtures("plain")
def test_degenerate_networks_without_biases_are_handed_to_cells():
    """Cones refuse them, and the tree takes ten times as long."""
    rng = np.random.default_rng(0)
    weights = [rng.integers(-1, 2, shape) for shape in ((5, 3), (4, 5), (1, 4))]
    network, box = ReluNetwork.from_arrays(weights, None), Box.cube(3)
    found = count_regions(network, box)
    assert (found.method, int(found)) == ("cells", len(exact_patterns(network, box)))


def broken_edges(monkeypatch):
    monkeypatch.setattr(space_cutting, "is_edge", lambda *_: True)


def broken_bounds(monkeypatch):
    bound = space_forms._bound

    def without(net, st, layer, *rest):
        bound(net, st, layer, *rest)
        st.value_doubt[:] = 0.0
        st.steep[:] = 0.0

    monkeypatch.setattr(space_forms, "_bound", without)


def broken_ties(monkeypatch):
    sign = space_signs.open_sign

    def tilted(*arguments):
        return sign(*arguments) or 1

    for module in (space_signs, space_cutting):
        monkeypatch.setattr(module, "open_sign", tilted)


def broken_zeros(monkeypatch):
    # One prime is enough for nobody.
    monkeypatch.setattr(space_zeros, "_row_bits", lambda *_: -1.0)
    monkeypatch.setattr(
        space_residues, "_primes", lambda count: np.full(count, 3, np.int64)
    )


def broken_sections(monkeypatch):
    decide = space_kernel.decide

    def never_covered(*arguments):
        return decide(*arguments) % space_signs.COVERS

    monkeypatch.setattr(space_kernel, "decide", never_covered)


def broken_points(monkeypatch):
    place = space_segments._place_spot

    def too_sure(st, s, u, z):
        place(st, s, u, z)
        st.spot_ends[z] = st.spots[z] = 0.5 * (st.spots[z] + st.spot_ends[z])

    monkeypatch.setattr(space_segments, "_place_spot", too_sure)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    "break_it",
    [
        broken_edges,
        broken_bounds,
        broken_ties,
        broken_zeros,
        broken_sections,
        broken_points,
    ],
)
def test_known_counts_notice_a_broken_predicate(monkeypatch, break_it):
    # Multiples of 0.1, 0.7 and 0.3 meet in points that floats miss.
    tenths = one_layer(binary(3) * [0.1, 0.7, 0.3])
    cases = [(one_layer(binary(3)), 32), (one_layer(with_sums(4)), 192), (tenths, 32)]
    cases.append((slivers(), SLIVERS))
    assert all(count(net, Box.cube(net.input_dim)) == n for net, n in cases)
    break_it(monkeypatch)
    with pytest.raises(AssertionError):
        assert all(count(net, Box.cube(net.input_dim)) == n for net, n in cases)


def test_corners_made_exact_are_as_near_as_they_say(monkeypatch):
    monkeypatch.setattr(space_drawing, "VAGUE", -1.0)
    network = random_network(np.random.default_rng(8), 3, [7])
    cells = listed(network, Box([-3.0, -0.7, 0.1], [1.0, 0.9, 40.0])).cells
    assert cells.position_errors is not None
    layer = network.hidden[0]
    lines = [
        [*w, b] for w, b in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
    ]
    for axis, ends in enumerate([(-3.0, 1.0), (-0.7, 0.9), (0.1, 40.0)]):
        lines += [[*np.eye(3)[axis].tolist(), -end] for end in ends]
    exact = [[Fraction(v) for v in line] for line in lines]
    for point, error in zip(
        cells.vertices.tolist(), cells.position_errors.tolist(), strict=True
    ):
        assert error <= 64 * 2.0**-52
        place = [*map(Fraction, point), Fraction(1)]
        # Three planes meet in a corner, so that many pass as near as it says.
        near = [
            abs(sum(a * x for a, x in zip(line, place, strict=True)))
            <= Fraction(error) * sum(map(abs, line[:-1]))
            for line in exact
        ]
        assert sum(near) == 3
