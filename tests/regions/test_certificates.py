"""Verification: what is right passes, and every kind of damage is found."""

import dataclasses
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from scipy.optimize import linprog

from regions.certificates import verify
from regions.certificates.closure import ClosureProof
from regions.certificates.integer_forms import IntegerForms, witness
from regions.certificates.watch import Watch
from regions.domains.shapes import Box, Segment, Simplex, Slice, WholeSpace
from regions.enumeration import enumerate_regions
from regions.grid.hash_grid import hash_grid
from regions.network import ReluNetwork
from regions.results.region_set import RegionSet
from tests.helpers import brute_force_patterns, brute_force_rows, random_network
from tests.zoo import ZOO

GENERIC = [
    "leaky",
    "prelu",
    "skip_blocks",
    "residual",
    "tiny_triangle",
    "huge_then_tiny",
    "no_hidden_layer",
    "all_zero",
    "widths_1_1_1",
    "four_dimensions",
]
DEGENERATE = [
    "duplicated_unit",
    "scaled_copy_of_a_unit",
    "opposite_units",
    "parallel_units",
    "integer_weights",
    "three_concurrent_lines",
    "rank_deficient_first_layer",
    "bias_free_in_space",
    "maximum_of_two_inputs",
    "zero_weights_zero_bias",
    "unit_along_the_domain",
    "absolute_value",
]


def _center(A, b):
    """The middle of a largest ball of radius at most 1."""
    norms = np.linalg.norm(A, axis=1)
    A, b, norms = A[norms > 0], b[norms > 0], norms[norms > 0]
    dim = A.shape[1]
    if not len(A):
        return np.zeros(dim)
    result = linprog(
        np.append(np.zeros(dim), -1.0),
        A_ub=np.column_stack([A, norms]),
        b_ub=b,
        bounds=[(None, None)] * dim + [(0.0, 1.0)],
    )
    assert result.status == 0
    return result.x[:-1]


def _by_brute_force(network, domain) -> RegionSet:
    """All regions by one linear program per pattern."""
    chart = domain.restrict(network)
    patterns = np.array(sorted(brute_force_patterns(network, domain)), bool)
    points = []
    for pattern in patterns:
        A, b = brute_force_rows(chart, pattern)
        if not isinstance(domain, WholeSpace):
            polytope = domain.polytope()
            A, b = np.vstack([A, polytope.A]), np.append(b, polytope.b)
        points.append(_center(A, b))
    packed = np.packbits(patterns, axis=1, bitorder="little")
    return _set(network, domain, packed, np.array(points))


def _set(network, domain, patterns, points, complete=True, exact=None) -> RegionSet:
    return RegionSet(
        network,
        domain,
        patterns,
        points,
        complete=complete,
        method="tree",
        seconds=0.0,
        stats={},
        exact_witnesses=exact,
    )


def _changed(found, *, patterns=None, points=None, network=None) -> RegionSet:
    return _set(
        network or found.network,
        found.domain,
        found.patterns if patterns is None else patterns,
        found.coordinates if points is None else points,
        exact=found.exact_witnesses if points is None else None,
    )


def _closure(found):
    """Completeness by facets, whatever the domain."""
    forms, proof = (
        IntegerForms(found.network, found.domain),
        ClosureProof(found, Watch()),
    )
    for region, bits in enumerate(found.pattern_bits()):
        proof.add(region, bits, forms.signed_rows(bits), witness(found, region))
    return proof.finish(True)


@pytest.fixture(scope="module")
def generic():
    network = random_network(np.random.default_rng(2), 2, [6, 5])
    return enumerate_regions(network, Box.cube(2))


@pytest.fixture(scope="module")
def degenerate():
    return _by_brute_force(*ZOO["integer_weights"])


@pytest.mark.parametrize("name", GENERIC)
def test_verify_swept_zoo_passes(name):
    found = enumerate_regions(*ZOO[name])
    report = verify(found, exact=True)
    assert report.complete, str(report)
    assert verify(found).ok, str(verify(found))
    assert _closure(found).passed
    assert verify(found).complete == (found.domain.dim <= 3)


@pytest.mark.parametrize("name", DEGENERATE)
def test_verify_degenerate_zoo_passes(name):
    found = _by_brute_force(*ZOO[name])
    for report in (verify(found), verify(found, exact=True)):
        assert report.complete, str(report)
    assert _closure(found).passed


@pytest.mark.parametrize("name", DEGENERATE)
def test_verify_whole_space_passes(name):
    network, box = ZOO[name]
    found = _by_brute_force(network, WholeSpace(box.dim))
    report = verify(found, exact=True)
    assert report.complete, str(report)
    without = verify(found)
    assert without.ok
    assert not without.complete
    assert "completeness not checked" in str(without)


@pytest.mark.parametrize("name", [*GENERIC, *DEGENERATE])
def test_verify_any_region_removed_fails(name):
    network, box = ZOO[name]
    swept = name in GENERIC
    found = enumerate_regions(network, box) if swept else _by_brute_force(network, box)
    for gone in range(0, len(found), max(len(found) // 4, 1)):
        left = np.delete(np.arange(len(found)), gone)
        short = _changed(
            found, patterns=found.patterns[left], points=found.coordinates[left]
        )
        report = verify(short, exact=True)
        assert not report.ok
        assert "missing" in report.failures[0] or "no region" in report.failures[0]
        if box.dim <= 3 and name != "tiny_triangle":  # Floats do not see it.
            assert "missing" in verify(short).failures[0]
        assert not _closure(short).passed


@pytest.mark.parametrize("which", ["generic", "degenerate"])
@pytest.mark.parametrize("exact", [False, True])
def test_verify_any_bit_flipped_fails(which, exact, request):
    found = request.getfixturevalue(which)
    for region in range(0, len(found), 3):
        for bit in range(found.network.num_bits):
            patterns = found.patterns.copy()
            patterns[region, bit // 8] ^= 1 << (bit % 8)
            report = verify(_changed(found, patterns=patterns), exact=exact)
            assert not report.ok
            first = report.failures[0]
            layer, unit = found.network.units[bit]
            if "have one pattern" not in first:
                assert f"region {region}: layer {layer + 1} unit {unit + 1} is" in first
                assert "a bit was flipped" in first


@pytest.mark.parametrize("which", ["generic", "degenerate"])
@pytest.mark.parametrize("exact", [False, True])
def test_verify_witness_moved_fails(which, exact, request):
    found = request.getfixturevalue(which)
    for region in range(len(found)):
        points = found.coordinates.copy()
        other = (region + 1) % len(found)
        points[region] = points[other]
        report = verify(_changed(found, points=points), exact=exact)
        assert report.failures[0].startswith(f"witnesses: region {region}: layer ")
        assert f"lies in region {other}: a witness was moved" in report.failures[0]
        points[region] = 1.0
        report = verify(_changed(found, points=points), exact=exact)
        assert any(f"region {region}:" in line for line in report.failures)


@pytest.mark.parametrize("exact", [False, True])
def test_verify_witness_on_boundary_fails(exact):
    network = ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], None)
    patterns = np.array([[0], [1]], np.uint8)
    points = np.array([[-0.5, 0.0], [0.5, 0.0]])
    good = _set(network, Box.cube(2), patterns, points)
    assert verify(good, exact=exact).complete
    tied = np.array([[0.0, 0.25], [0.5, 0.0]])  # A tie is off, but not strictly.
    if exact:
        report = verify(_changed(good, points=tied), exact=True)
        assert report.failures == [
            "witnesses: region 0: layer 1 unit 1 is zero at the witness, which lies "
            "on the boundary: a witness was moved"
        ]
    edge = np.array([[-0.5, 1.0], [0.5, 0.0]])
    report = verify(_changed(good, points=edge), exact=exact)
    assert "not strictly inside" in report.failures[0]
    assert report.failures[0].startswith("inside the domain: region 0")


@pytest.mark.parametrize("which", ["generic", "degenerate"])
def test_verify_weight_changed_fails(which, request):
    found = request.getfixturevalue(which)
    weights = [layer.weight.copy() for layer in found.network.layers]
    weights[0][1, 0] += 0.375
    biases = [layer.bias for layer in found.network.layers]
    other = ReluNetwork.from_arrays(weights, biases)
    assert not verify(_changed(found, network=other), exact=True).ok
    report = verify(found, network=other)
    was, now = found.network.hidden[0].weight[1, 0], weights[0][1, 0]
    named = f"a weight of layer 1 unit 2 is {was}, and {now} in the one given"
    assert named in report.failures[0]
    assert verify(found, network=found.network).ok


@pytest.mark.parametrize("exact", [False, True])
def test_verify_duplicate_region_fails(generic, exact):
    count = len(generic)
    for twice, (twin, copy) in [
        ([*range(count), 3], (3, count)),
        ([5, 2, 7, 2, 5], (1, 3)),
        ([4, 1, 4, 1, 4], (0, 2)),
    ]:
        doubled = _changed(
            generic,
            patterns=generic.patterns[twice],
            points=generic.coordinates[twice],
        )
        assert verify(doubled, exact=exact).failures == [
            f"distinct patterns: regions {twin} and {copy} have one pattern"
        ]


def test_verify_spare_bits_used_fails(generic):
    patterns = generic.patterns.copy()
    patterns[2, -1] |= 0x80
    report = verify(_changed(generic, patterns=patterns))
    assert report.failures == ["distinct patterns: region 2: bits beyond its 11 units"]


def test_verify_slivers_missed_by_floats_are_reported():
    # Two lines that agree up to rounding: the region between them is 1e-17 wide.
    found = _by_brute_force(*ZOO["equal_up_to_rounding"])
    assert verify(found).complete
    report = verify(found, exact=True)
    assert not report.ok
    assert "a region is missing across the facet" in report.failures[0]
    assert not _closure(found).passed


def test_verify_incomplete_set_claims_nothing(generic):
    part = _set(
        generic.network,
        generic.domain,
        generic.patterns[:4],
        generic.coordinates[:4],
        complete=False,
    )
    for exact in (False, True):
        report = verify(part, exact=exact)
        assert report.ok
        assert not report.complete
        assert report.checks[-1].passed is None
        assert "claims no completeness" in str(report)


@pytest.mark.parametrize(
    "domain",
    [
        Segment([-1.0, 0.1], [0.7, 1 / 3]),
        Slice([0.1, 0.2], [[1.0, 1 / 3]], Box([-1], [2])),
        Slice([0.1, 0.2], [[1.0, 1 / 3], [0.2, 0.1]], Box([-1, -1], [2, 0.3])),
        Simplex([[-1, -1], [1.5, -0.3], [0.1, 2.0]]),
    ],
)
def test_verify_every_kind_of_domain_passes(domain):
    network = random_network(np.random.default_rng(8), 2, [6, 4])
    found = enumerate_regions(network, domain)
    assert len(found) > 3
    for report in (verify(found), verify(found, exact=True)):
        assert report.complete, str(report)
    assert _closure(found).passed


@pytest.mark.parametrize("domain", [Box.cube(3), Simplex(2.0 * np.eye(4, 3))])
def test_verify_space_passes_and_finds_holes(domain):
    network = random_network(np.random.default_rng(9), 3, [5, 4])
    found = enumerate_regions(network, domain)
    for report in (verify(found), verify(found, exact=True)):
        assert report.complete, str(report)
    left = np.arange(1, len(found))
    short = _changed(
        found, patterns=found.patterns[left], points=found.coordinates[left]
    )
    for report in (verify(short), verify(short, exact=True)):
        assert "missing" in report.failures[0]


def test_verify_saved_file_equals_set(generic, tmp_path):
    path = generic.save(tmp_path / "r.parquet")
    report = verify(path, exact=True)
    assert report.complete
    assert report.checks[0].name == "file"
    seen = []
    verify(path, progress=lambda *step: seen.append(step))
    assert seen[-1] == (len(generic), len(generic), "facets")


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("column", ["t0", "pattern"])
def test_verify_altered_file_fails(generic, tmp_path, column, exact):
    path = generic.save(tmp_path / "r.parquet")
    table = pq.read_table(path)
    metadata = pq.read_metadata(path).metadata
    values = table[column].to_pylist()
    # The third witness is moved a little in its region; the second pattern is another.
    if column == "t0":
        values[2] = float(np.nextafter(values[2], 9.0))
    else:
        values[1] = bytes([values[1][0] ^ 1, *values[1][1:]])
    place, field = table.column_names.index(column), table.schema.field(column)
    changed = table.set_column(place, field, pa.array(values, field.type))
    with pq.ParquetWriter(path, changed.schema) as writer:
        writer.write_table(changed)
        writer.add_key_value_metadata(
            {k.decode(): v.decode() for k, v in metadata.items() if b"ARROW" not in k}
        )
    report = verify(path, exact=exact)
    moved = column == "t0"
    what = "a witness was" if moved else "a bit of a pattern was"
    assert report.failures[0] == f"file: {what} changed since it was written"
    assert len(report.failures) == (1 if moved else 2)


def test_verify_exact_witness_is_used(generic):
    points = generic.coordinates.copy()
    exact = {2: tuple(Fraction(float(v)) for v in points[2])}
    points[2] = points[3]
    moved = _set(generic.network, generic.domain, generic.patterns, points, exact=exact)
    assert verify(moved).complete
    assert verify(moved, exact=True).complete


@pytest.mark.parametrize("exact", [False, True])
def test_verify_exact_witness_far_outside_fails(generic, exact):
    wrong = _set(
        generic.network,
        generic.domain,
        generic.patterns,
        generic.coordinates,
        exact={0: (Fraction(10**9),) * 2},
    )
    report = verify(wrong, exact=exact)
    assert not report.ok
    assert any("region 0" in line for line in report.failures)


@pytest.mark.parametrize("exact", [False, True])
def test_verify_witness_that_is_no_number_fails(generic, exact):
    points = generic.coordinates.copy()
    points[4, 1] = np.nan
    report = verify(_changed(generic, points=points), exact=exact)
    assert not report.ok
    assert any("region 4" in line for line in report.failures)


def test_verify_grid_patterns_must_be_members(generic):
    grid = hash_grid(generic.network, generic.domain, 64, labels=False)
    assert verify(generic, grid=grid).ok
    bits = generic.pattern_bits()
    met = {
        tuple(p)
        for p in np.unpackbits(
            grid.patterns, axis=1, count=bits.shape[1], bitorder="little"
        ).astype(bool)
    }
    gone = next(k for k, row in enumerate(bits) if tuple(row) in met)
    left = np.delete(np.arange(len(generic)), gone)
    short = _changed(
        generic, patterns=generic.patterns[left], points=generic.coordinates[left]
    )
    report = verify(short, grid=grid)
    assert any(line.startswith("grid: 1 of") for line in report.failures)


def _axis_copies(rng, dim, units):
    """Small-integer hyperplanes: parallel, equal and concurrent ones on purpose."""
    return (
        rng.integers(-1, 2, (units, dim)).astype(float),
        rng.integers(-1, 2, units).astype(float),
    )


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans())
def test_verify_small_integer_networks_pass_and_miss_nothing(seed, dim, bounded):
    rng = np.random.default_rng(seed)
    first, second = _axis_copies(rng, dim, 3), _axis_copies(rng, 3, 3)
    network = ReluNetwork.from_arrays(
        [first[0], second[0], np.ones((1, 3))], [first[1], second[1], [0.0]]
    )
    found = _by_brute_force(network, Box.cube(dim) if bounded else WholeSpace(dim))
    report = verify(found, exact=True)
    assert report.complete, str(report)
    assert _closure(found).passed
    gone = int(rng.integers(len(found)))
    left = np.delete(np.arange(len(found)), gone)
    short = _changed(
        found, patterns=found.patterns[left], points=found.coordinates[left]
    )
    assert not verify(short, exact=True).ok
    assert not _closure(short).passed


def test_report_is_immutable_and_readable(generic):
    report = verify(generic)
    assert bool(report)
    assert report.failures == []
    assert "as far as float64 shows; exact=True proves it (float64" in str(report)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.exact = True  # pyright: ignore[reportAttributeAccessIssue]


class Asked:
    """A wish to stop at the n-th question."""

    def __init__(self, last=float("inf")):
        self.calls, self.last = 0, last

    def __call__(self):
        self.calls += 1
        return self.calls > self.last


STOPPABLE = [(2, [5, 4], True), (2, [5, 4], False), (3, [5], False), (9, [3], True)]


@pytest.mark.parametrize(("dim", "widths", "exact"), STOPPABLE)
def test_a_stop_is_heard_at_every_question(dim, widths, exact):
    network = random_network(np.random.default_rng(dim), dim, widths)
    found = enumerate_regions(network, Box.cube(dim))
    whole = Asked()
    report = verify(found, exact=exact, stop=whole)
    assert report.complete or dim > 3
    assert report.stopped is None
    assert whole.calls > 1
    for last in {0, whole.calls // 3, whole.calls - 1}:
        part = verify(found, exact=exact, stop=Asked(last))
        assert part.ok
        assert not part.complete
        assert part.stopped == "interrupted"
        assert {c.name for c in part.checks} == {c.name for c in report.checks}
        assert any(c.passed is None and "stopped" in c.detail for c in part.checks)
        assert "stopped: interrupted" in str(part)


@pytest.mark.parametrize("exact", [False, True])
def test_limit_on_time_gives_a_partial_report(exact):
    network = random_network(np.random.default_rng(1), 2, [5, 4])
    found = enumerate_regions(network, Box.cube(2))
    report = verify(found, exact=exact, max_seconds=1e-9)
    assert (report.ok, report.complete) == (True, False)
    assert report.stopped == "max_seconds=1e-09 reached"
    with pytest.raises(ValueError, match="a positive number is required"):
        verify(found, max_seconds=0.0)
