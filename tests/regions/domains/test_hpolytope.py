"""Polytopes as domains: refusals, corners, and counts against exact splitting."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial import ConvexHull, HalfspaceIntersection

import regions
from regions.domains.shapes import Box, HPolytope, domain_from_dict
from regions.errors import EmptyPolyhedronError
from regions.lp.exact_lp import interior
from regions.patterns.packing import unpack_bits
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns, integer_network

WEDGE = HPolytope([[-1.0, 0.5], [-0.25, -1.0]], [0.5, 0.75])


def random_polytope(rng, dim: int, rows: int) -> HPolytope:
    """Rows of quarters around the origin, and a simplex that bounds them."""
    A = rng.integers(-8, 9, (rows, dim)) / 4.0
    A[~A.any(axis=1), 0] = 1.0
    b = np.abs(A).sum(axis=1) * 0.4 + 0.3
    A = np.vstack([A, -np.eye(dim), np.ones((1, dim))])
    return HPolytope(A, np.concatenate([b, np.full(dim, 1.1), [1.7]]))


@pytest.mark.parametrize("dim", [2, 3, 4])
def test_corners_box_and_volume_are_those_of_qhull(dim):
    polytope = random_polytope(np.random.default_rng(dim), dim, 9)
    halves = np.column_stack([polytope.A, -polytope.b])
    hull = ConvexHull(HalfspaceIntersection(halves, np.zeros(dim)).intersections)
    corners = hull.points[hull.vertices]
    mine = polytope.corners()
    for point in corners:
        assert np.abs(mine - point).max(axis=1).min() < 1e-12
    assert float(polytope.rational_volume()) == pytest.approx(hull.volume)
    box = polytope.chart_box()
    np.testing.assert_allclose(box.lower, corners.min(axis=0), atol=1e-12)
    np.testing.assert_allclose(box.upper, corners.max(axis=0), atol=1e-12)
    # Ends are rounded outwards, and each corner has its rows with equality.
    cell = polytope.cell()
    for point, zeros in zip(cell.points(), cell.zeros, strict=True):
        ends = zip(box.lower.tolist(), point, box.upper.tolist(), strict=True)
        assert all(low <= v <= high for low, v, high in ends)
        for k, (row, right) in enumerate(zip(polytope.A, polytope.b, strict=True)):
            value = sum(Fraction(float(a)) * v for a, v in zip(row, point, strict=True))
            assert (value == Fraction(float(right))) == bool(zeros >> k & 1)
            assert value <= Fraction(float(right))


@pytest.mark.parametrize(
    ("A", "b", "error", "message"),
    [
        (
            [[1, 0], [-1, 0]],
            [0, -1],
            EmptyPolyhedronError,
            r"empty: its rows A\[0\], A\[1\]",
        ),
        # 1e-300 is no tolerance: below it there is nothing, at it a line.
        ([[1, 0], [-1, 0]], [1, -1 - 2**-52], EmptyPolyhedronError, "empty"),
        (
            [[1, 0], [-1, 0]],
            [1, -1],
            ValueError,
            r"flat: equality holds on its rows A\[0\]",
        ),
        (
            [[1, 1], [-1, 0], [0, -1]],
            [0, 0, 0],
            ValueError,
            r"rows A\[0\], A\[1\], A\[2\]",
        ),
        ([[0, 0], [-1, 0]], [0, 0], ValueError, r"`A\[0\]` has zeros only"),
        ([[1, 0]], [np.inf], ValueError, "`b` is inf at .*leave out a row"),
        ([[1, np.nan]], [1], ValueError, r"`A` is nan at \(0, 1\)"),
        ([[1, 0]], [1, 2], ValueError, r"`A` has shape \(1, 2\) and `b` \(2,\)"),
        ([1, 0], [1], ValueError, r"`A` has shape \(2,\)"),
    ],
)
def test_polytopes_without_interior_and_bad_rows_are_refused(A, b, error, message):
    with pytest.raises(error, match=message) as raised:
        HPolytope(A, b)
    assert "\n" not in str(raised.value)


def test_thin_polytopes_are_not_flat_and_boundedness_is_exact():
    thin = HPolytope([[1, 0], [-1, 0], [0, 1], [0, -1]], [1, -1 + 2.0**-53, 1, 1])
    assert thin.is_bounded
    assert thin.rational_volume() == Fraction(2, 2**53)
    assert not WEDGE.is_bounded
    assert not HPolytope([[1, 0], [-1, 0]], [1, 1]).is_bounded
    # Two rays that meet at 1e9 away.
    slope = 1e-9
    assert HPolytope([[0, -1], [slope, 1], [-1, 0]], [0, 1, 0]).is_bounded
    assert not HPolytope([[0, -1], [-slope, 1], [-1, 0]], [0, 1, 0]).is_bounded
    for call in (WEDGE.chart_box, WEDGE.cell):
        with pytest.raises(ValueError, match="the polytope is unbounded"):
            call()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("length", [1.0, 1e-310, 2.0**-560, 2.0**560])
def test_many_inputs_need_no_corners(length):
    dim = 60
    eye = np.eye(dim)
    rows = length * np.vstack([eye, -eye, np.ones(dim)])
    polytope = HPolytope(rows, [length] * 121)
    assert polytope.is_bounded
    assert polytope.chart_box() == Box.cube(dim)
    network = random_network(np.random.default_rng(0), dim, [3])
    assert int(regions.count_regions(network, polytope)) == 8


@pytest.mark.parametrize(
    ("dim", "seed"), [*itertools.product((1, 2), range(6)), (3, 1)]
)
def test_counts_and_lists_are_those_of_exact_splitting(dim, seed):
    rng = np.random.default_rng(10 * dim + seed)
    widths = [4, 3] if dim < 3 else [3, 2]
    network = integer_network(rng, dim, widths)
    if seed % 2:
        network = random_network(rng, dim, widths)
    domain = random_polytope(rng, dim, 3 if dim < 3 else 1)
    if seed >= 4:
        # Without the row that closes it.
        domain = HPolytope(domain.A[:-1], domain.b[:-1])
    expected = exact_patterns(network, domain)
    found = regions.enumerate_regions(network, domain)
    bits = unpack_bits(found.patterns, network.num_bits)
    assert {tuple(map(bool, row)) for row in bits} == {
        tuple(bit for bit, kink in zip(row, network.kinks, strict=True) if kink)
        for row in expected
    }
    assert int(regions.count_regions(network, domain, method="tree")) == len(found)
    assert regions.verify(found, exact=True).ok
    assert regions.verify(found).ok


@pytest.mark.parametrize("bounded", [True, False])
def test_every_pattern_by_exact_programs(bounded):
    rng = np.random.default_rng(5)
    network = random_network(rng, 3, [8])
    domain = random_polytope(rng, 3, 4)
    if not bounded:
        domain = HPolytope(domain.A[:4], domain.b[:4])
    weight, bias = network.hidden[0].weight, network.hidden[0].bias
    expected = 0
    for signs in itertools.product([1.0, -1.0], repeat=8):
        flip = np.array(signs)
        A = np.vstack([-flip[:, None] * weight, domain.A])
        b = np.concatenate([flip * bias, domain.b])
        expected += not interior(A.tolist(), b.tolist()).is_empty
    assert domain.is_bounded == bounded
    assert int(regions.count_regions(network, domain)) == expected


def test_a_list_on_a_polytope_is_saved_walked_and_asked(tmp_path):
    rng = np.random.default_rng(3)
    network, domain = random_network(rng, 2, [6, 4]), random_polytope(rng, 2, 4)
    found = regions.enumerate_regions(network, domain)
    found.save(tmp_path / "r.parquet")
    again = regions.RegionSet.load(tmp_path / "r.parquet")
    assert (again.domain, len(again)) == (domain, len(found))
    assert domain_from_dict(domain.to_dict()) == domain
    assert found.volumes().sum() == pytest.approx(float(domain.rational_volume()))
    walked = regions.explore_regions(network, found.coordinates[0], domain)
    assert (len(walked), walked.complete) == (len(found), True)
    polytope = regions.polytope_at(network, found.coordinates[0], domain)
    assert polytope.is_bounded
    by_list = regions.output_range(network, domain, method="list")
    assert regions.output_range(network, domain).value == by_list.value
    with pytest.raises(ValueError, match="violates row 0 of the domain"):
        regions.polytope_at(network, 10.0 * domain.A[0], domain)
    estimate = regions.estimate_regions(network, domain, runs=2, seed=0)
    assert estimate.exact == len(found)


def test_a_missing_region_and_a_moved_witness_are_found():
    rng = np.random.default_rng(4)
    network, domain = random_network(rng, 2, [5, 3]), random_polytope(rng, 2, 4)
    found = regions.enumerate_regions(network, domain)
    short = regions.RegionSet(
        network,
        domain,
        found.patterns[:-1],
        found.coordinates[:-1],
        complete=True,
        method="cells",
        seconds=0.0,
        stats=found.stats,
    )
    for exact in (True, False):
        report = regions.verify(short, exact=exact)
        assert not report.ok
        assert "missing" in str(report)
    wide = HPolytope(domain.A, domain.b - 0.05)
    moved = regions.RegionSet(
        network,
        wide,
        found.patterns,
        found.coordinates,
        complete=True,
        method="cells",
        seconds=0.0,
        stats=found.stats,
    )
    assert not regions.verify(moved, exact=True).ok


def test_engines_that_need_an_end_refuse():
    network = random_network(np.random.default_rng(0), 2, [3])
    for method in ("cells", "line"):
        with pytest.raises(ValueError, match=f"method='{method}' "):
            regions.count_regions(network, WEDGE, method=method)
    count = regions.count_regions(network, WEDGE)
    assert count.method == "restriction"
    assert int(count) == int(regions.count_regions(network, WEDGE, method="tree"))


def test_a_box_with_equal_ends_is_the_slice_that_it_is():
    network = random_network(np.random.default_rng(1), 3, [6, 4])
    flat = Box([-1.0, 0.25, -1.0], [1.0, 0.25, 2.0])
    slice_ = regions.Slice([0, 0.25, 0], np.eye(3)[[0, 2]], Box([-1, -1], [1, 2]))
    assert flat == slice_
    expected = len(exact_patterns(network, slice_))
    assert int(regions.count_regions(network, flat)) == expected
    with pytest.raises(ValueError, match="are the same point"):
        Box([0.5, 1.0], [0.5, 1.0])
