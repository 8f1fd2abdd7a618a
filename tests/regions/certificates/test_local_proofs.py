"""What float64 proves of single regions: forms, corners, neighbors."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial import ConvexHull, HalfspaceIntersection

from regions.certificates import verify
from regions.certificates.bounded_forms import BoundedForms
from regions.certificates.corners import doubt, find_corners, volumes
from regions.certificates.local_proofs import proved_regions
from regions.certificates.members import Members, sorted_order
from regions.certificates.watch import Watch
from regions.domains.shapes import Box, Simplex, Slice
from regions.enumeration import enumerate_regions
from regions.results.region_set import RegionSet
from tests.helpers import random_network
from tests.zoo import ZOO


def fraction_rows(network, domain, pattern):
    """Signed rows of a pattern, by fractions; the constant comes last."""
    origin, directions = domain.rational_chart()
    inputs = [[*column, o] for *column, o in zip(*directions, origin, strict=True)]
    acts, rows, bits = [inputs], [], iter(pattern.tolist())
    for index, layer in enumerate(network.hidden):
        out = []
        for unit in range(layer.width):
            row = [Fraction(0)] * (domain.dim + 1)
            for source, matrix in layer.blocks(index):
                for w, form in zip(matrix[unit].tolist(), acts[source], strict=True):
                    row = [r + Fraction(w) * v for r, v in zip(row, form, strict=True)]
            row[-1] += Fraction(layer.bias[unit])
            on = True
            if layer.kinks[unit]:
                on = next(bits)
                rows.append([v if on else -v for v in row])
            slope = Fraction(1) if on else Fraction(layer.slopes[unit])
            out.append([slope * v for v in row])
        acts.append(out)
    return rows


@pytest.mark.parametrize("name", ["prelu", "skip_blocks", "residual", "slice"])
def test_forms_are_off_by_less_than_their_errors(name):
    network, domain = ZOO["residual" if name == "slice" else name]
    if name == "slice":  # Its chart is rounded, too.
        side = np.full((1, network.input_dim), 1 / 3)
        domain = Slice(np.full(network.input_dim, 0.1), side, Box([-1], [2]))
    rng = np.random.default_rng(0)
    bits = rng.random((12, network.num_bits)) < 0.5
    bits[6:, : network.num_bits // 2] = bits[5, : network.num_bits // 2]
    order = rng.permutation(12)
    found = BoundedForms(network, domain).of(bits).of(order)
    for k, pattern in enumerate(bits[order]):
        for bit, row in enumerate(fraction_rows(network, domain, pattern)):
            near = found.rows[k, :, bit].tolist()
            off = max(abs(Fraction(v) - w) for v, w in zip(near, row, strict=True))
            assert off < Fraction(found.errors[k, bit])
            assert found.errors[k, bit] < 1e-12
            assert found.sizes[k, bit] == np.abs(near).max()


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_corners_are_those_of_the_polytope(dim):
    rng = np.random.default_rng(dim)
    walls = np.vstack([np.eye(dim), -np.eye(dim)])
    table = np.empty((5 + 2 * dim, dim + 1, 20))
    table[:5] = rng.uniform(-0.5, 0.5, (5, dim + 1, 20))
    table[:5, dim] = np.abs(table[:5, dim])  # 0 is inside.
    table[5:] = np.column_stack([walls, np.ones(2 * dim)])[:, :, None]
    found = find_corners(table.swapaxes(0, 1), np.zeros(20))
    assert found.found.all()
    sizes = volumes(found, np.zeros((20, dim)))
    for k in range(20):
        rows = table[:, :, k]
        own = found.owners == k
        points = (found.points[:-1] / found.points[-1]).T[own]
        if dim == 1:
            breaks = -rows[:, 1] / rows[:, 0]
            corners = [breaks[breaks < 0].max(), breaks[breaks > 0].min()]
            corners, size = np.array(corners)[:, None], np.ptp(corners)
        else:
            corners = HalfspaceIntersection(-rows, np.zeros(dim)).intersections
            size = ConvexHull(corners).volume
        assert len(points) == len(np.unique(corners.round(9), axis=0))
        gaps = np.abs(points[:, None] - corners).max(2).min(1)
        assert gaps.max() < 1e-9
        assert sizes[k] == pytest.approx(size, rel=1e-9)


def test_corners_of_rows_with_errors_are_found_only_where_they_are_sure():
    # A third line passes 1e-6 from a corner of a square.
    square = np.array([[1.0, 0, 1], [-1, 0, 1], [0, 1, 1], [0, -1, 1]])
    for sign in (-1, 1):
        line = np.array([[-0.25, -0.25, 0.5 + sign * 1e-6]])
        table = np.concatenate([line, square])[:, :, None].repeat(3, axis=2)
        found = find_corners(table.swapaxes(0, 1), np.array([0.0, 1e-9, 1e-6]))
        assert found.found.tolist() == [True, True, False]
        assert (found.owners == 0).sum() == (5 if sign < 0 else 4)
    touching = np.concatenate([[[-0.25, -0.25, 0.5]], square])[:, :, None]
    assert not find_corners(touching.swapaxes(0, 1), np.zeros(1)).found.any()
    assert not find_corners(
        square[:3].T[:, :, None], np.zeros(1)
    ).found.any()  # No end.
    twice = np.concatenate([square[:1], square])[:, :, None]
    assert not find_corners(twice.swapaxes(0, 1), np.zeros(1)).found.any()


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_corners_move_by_less_than_their_errors_where_rows_change(dim):
    rng = np.random.default_rng(dim)
    walls = np.column_stack([np.vstack([np.eye(dim), -np.eye(dim)]), np.ones(2 * dim)])
    table = walls[:, :, None] * rng.uniform(0.3, 0.9, (2 * dim, dim + 1, 40))
    found = find_corners(table.swapaxes(0, 1), np.full(40, 1e-4))
    changed = table + 1e-4 * rng.choice([-1.0, 1.0], table.shape)
    moved = find_corners(changed.swapaxes(0, 1), np.zeros(40))
    assert found.found.all()
    assert moved.found.all()
    assert (moved.owners == found.owners).all()
    assert np.abs(moved.rows - found.rows).max() < 2e-4
    # Both are scaled to a largest entry of 1: by how much these differ counts, too.
    off = np.abs(moved.points - found.points).max(0)
    assert (off < 2 * found.errors).all()
    assert (off > 1e-3 * found.errors).any()


def test_doubt_covers_what_errors_can_do():
    rng = np.random.default_rng(4)
    for dim in (1, 2, 3):
        rows, points = rng.uniform(-1, 1, (2, 500, dim + 1))
        for a, x in ((0.0, 0.0), (1e-9, 1e-3), (1e-3, 1e-9)):
            signs = np.sign(rows), np.sign(points)
            true = ((rows + a * signs[1]) * (points + x * signs[0])).sum(1)
            off = np.abs(true - (rows * points).sum(1))
            assert (off < doubt(a, 1.0, x, dim)).all()


def test_members_find_the_patterns_that_differ_in_one_unit():
    rng = np.random.default_rng(1)
    bits = np.unique(rng.random((300, 11)) < 0.3, axis=0)
    packed = np.packbits(bits, axis=1, bitorder="little")
    members = {tuple(row) for row in bits.tolist()}
    some = np.arange(0, len(bits), 3)
    found = Members(packed, 11).flips(some)
    for k, row in zip(some, found, strict=True):
        flipped = bits[k] ^ np.eye(11, dtype=bool)
        assert row.tolist() == [tuple(other) in members for other in flipped.tolist()]
    assert (bits[sorted_order(packed)].tolist()) == sorted(bits.tolist())


def proved(found):
    """Which regions are sound, which closed, and the volumes; in the list's order."""
    out = np.full((3, len(found)), np.nan)
    with np.errstate(all="ignore"):
        for part in proved_regions(found, Watch(), with_volumes=True):
            out[:, part.regions] = part.sound, part.closed, part.volumes
    return out[0] > 0, out[1] > 0, out[2]


def part_of(found, left, coordinates=None):
    """Some of the regions, said to be all."""
    points = found.coordinates if coordinates is None else coordinates
    return RegionSet(
        found.network,
        found.domain,
        found.patterns[left],
        points[left],
        complete=True,
        method=found.method,
        seconds=0.0,
        stats={},
    )


@pytest.mark.parametrize(
    "domain", [Box([-0.1], [1.0]), Box.cube(2), Simplex(2.0 * np.eye(4, 3))]
)
def test_regions_in_general_position_are_proved_without_integers(domain):
    network = random_network(np.random.default_rng(6), domain.dim, [6, 4])
    found = enumerate_regions(network, domain)
    sound, closed, sizes = proved(found)
    assert sound.all()
    assert closed.all()
    assert sizes.sum() == pytest.approx(float(domain.rational_volume()), rel=1e-12)
    for gone in range(0, len(found), 5):
        left = np.delete(np.arange(len(found)), gone)
        sound, closed, _ = proved(part_of(found, left))
        # In general position those are open that had a facet with it, and no others.
        beyond = {int(other) for other in found.adjacency().adj[gone]}
        assert sound.all()
        assert set(left[~closed].tolist()) == beyond
    points = found.coordinates.copy()
    points[1] = points[0]
    moved, _, _ = proved(part_of(found, np.arange(len(found)), points))
    assert np.flatnonzero(~moved).tolist() == [1]


@pytest.mark.parametrize("name", ["three_concurrent_lines", "duplicated_unit"])
def test_regions_at_ties_are_left_to_integers(name):
    found = enumerate_regions(*ZOO[name])
    _, closed, _ = proved(found)
    assert not closed.all()


def test_a_network_of_dead_units_is_left_to_integers():
    # The second unit is zero where the first is off, and may be anything beyond.
    network = random_network(np.random.default_rng(0), 2, [1, 1])
    network = type(network).from_arrays(
        [[[1.0, 0.0]], [[1.0]], [[1.0]]], [[0.0], [0.0], [0.0]]
    )
    found = enumerate_regions(network, Box.cube(2))
    sound, closed, _ = proved(found)
    on = found.pattern_bits().any(1)
    assert on.sum() == 1
    assert sound.tolist() == on.tolist()
    assert not closed.any()
    assert verify(found, exact=True).complete
