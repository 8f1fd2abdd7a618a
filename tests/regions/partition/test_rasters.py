"""Exact label images against rational arithmetic, pixel by pixel."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.grid.hash_grid import boundary_pixels, grid_axes
from regions.network import ReluNetwork
from regions.partition import device_labels, label_proofs, rasters
from regions.partition.rasters import NO_REGION, label_grid, outputs_on_grid
from regions.patterns import kernel
from tests.helpers import random_network
from tests.zoo import ZOO

PLANAR = {name: s for name, s in ZOO.items() if s[1].dim == 2}
UNIT_SQUARE = regions.Box([0.0, 0.0], [1.0, 1.0])


def _rational_pattern(network: ReluNetwork, point: np.ndarray) -> bytes:
    """The pattern of a point by fractions, one product at a time; a tie is 0."""
    held = [[Fraction(float(v)) for v in point]]
    bits = []
    for index, layer in enumerate(network.hidden):
        pre = [Fraction(float(b)) for b in layer.bias]
        for source, matrix in layer.blocks(index):
            for unit, row in enumerate(matrix):
                terms = zip(row, held[source], strict=True)
                pre[unit] += sum(Fraction(float(w)) * h for w, h in terms)
        slopes = [Fraction(float(s)) for s in layer.slopes]
        held.append([v if v > 0 else s * v for v, s in zip(pre, slopes, strict=True)])
        bits += [v > 0 for v, kink in zip(pre, layer.kinks, strict=True) if kink]
    return np.packbits(np.array(bits, bool), bitorder="little").tobytes()


def _assert_exact(network: ReluNetwork, box: regions.Box, shape, offset=0.0) -> None:
    """Every label names the pattern of its point; -1 a pattern of no region."""
    found = regions.enumerate_regions(network, box)
    labels = label_grid(found, shape, offset=offset)
    assert labels.shape == shape
    listed = {row.tobytes(): k for k, row in enumerate(found.patterns)}
    x, y = grid_axes(box, shape, offset)
    for i in range(shape[0]):
        for j in range(shape[1]):
            pattern = _rational_pattern(network, np.array([x[i], y[j]]))
            assert labels[i, j] == listed.get(pattern, NO_REGION)


@pytest.mark.parametrize("name", PLANAR)
def test_labels_of_awkward_networks_are_exact(name):
    # Eighths put many points of the grid on boundaries.
    _assert_exact(*PLANAR[name], shape=(8, 16))


def _integer_network(change: str) -> ReluNetwork:
    """A network of one structure whose boundaries pass through points of the grid."""
    rng = np.random.default_rng(2)
    first, second = (
        rng.integers(-2, 3, shape).astype(float) for shape in ((6, 2), (4, 6))
    )
    bias = rng.integers(-1, 2, 6) / 2.0
    if change == "no bias":
        bias[:] = 0.0
    if change == "duplicate units":
        first[3:], bias[3:] = first[:3], bias[:3]
    if change == "zeros":
        first[:] = 0.0
    if change == "huge":
        first, bias = first * 2.0**600, bias * 2.0**600
    if change == "tiny":
        first, bias = first * 2.0**-600, bias * 2.0**-600
    return ReluNetwork.from_arrays(
        [first, second, np.ones((1, 4))], [bias, np.zeros(4), [0.0]]
    )


@pytest.mark.parametrize(
    "change", ["", "no bias", "duplicate units", "zeros", "huge", "tiny"]
)
def test_labels_of_a_device_are_exact(change, monkeypatch):
    monkeypatch.setattr(rasters, "on_accelerator", lambda products: True)
    settled = []
    monkeypatch.setattr(
        device_labels,
        "prove_labels",
        lambda *parts: settled.append(parts) or label_proofs.prove_labels(*parts),
    )
    monkeypatch.setattr(rasters, "_sides", None)  # Polygons take no part.
    _assert_exact(_integer_network(change), regions.Box([-1, -1], [1, 1]), (8, 16))
    assert settled


def test_a_device_that_leaves_much_open_hands_over_to_polygons(monkeypatch):
    network, box = _integer_network(""), regions.Box([-1, -1], [1, 1])
    found = regions.enumerate_regions(network, box)
    right = label_grid(found, (8, 16))
    monkeypatch.setattr(rasters, "on_accelerator", lambda products: True)
    monkeypatch.setattr(device_labels, "MOST_OPEN", 0)
    assert (label_grid(found, (8, 16)) == right).all()
    monkeypatch.setattr(device_labels, "random_hash_words", _zeros)
    assert (label_grid(found, (8, 16)) == right).all()


def _zeros(bits: int) -> np.ndarray:
    """Hash words that tell no patterns apart."""
    return np.zeros((bits, 2), np.uint32)


@pytest.mark.parametrize("slope", [0.0, 0.01, -1.0])
def test_labels_of_random_networks_are_exact(slope):
    network = random_network(np.random.default_rng(3), 2, [9, 7], 0.5, slope)
    _assert_exact(network, UNIT_SQUARE, (21, 13), offset=0.25)
    _assert_exact(network, regions.Box([-3.0, -0.1], [0.5, 5.0]), (12, 11))


def test_boundary_pixels_are_those_of_codes_hashed_at_the_same_points():
    rng = np.random.default_rng(0)
    for network in (
        random_network(rng, 2, [14] * 4, slopes=0.01),
        random_network(rng, 2, [60], bias_scale=0.3),
    ):
        found = regions.enumerate_regions(network, UNIT_SQUARE)
        labels = label_grid(found, 256)
        grid = regions.hash_grid(network, UNIT_SQUARE, 256, offset=0.0)
        assert grid.labels is not None
        assert (found.patterns[labels] == grid.patterns[grid.labels]).all()
        assert (boundary_pixels(labels) == boundary_pixels(grid.labels)).all()


@pytest.mark.parametrize("spread", [1e-3, 3e-2, 0.3])
def test_polygons_that_are_wrong_do_not_make_labels_wrong(monkeypatch, spread):
    network = random_network(np.random.default_rng(5), 2, [12, 8])
    found = regions.enumerate_regions(network, UNIT_SQUARE)
    right, filled = label_grid(found, 64), []

    def spoiled(found, sides=rasters._sides):
        rng = np.random.default_rng(0)
        right = sides(found)
        moves = spread * rng.standard_normal((2, *right.start.shape))
        return right._replace(
            start=right.start + moves[0],
            end=right.end + moves[1],
            # Bounds that are as true of these as the proved ones were.
            errors=right.errors + np.abs(moves).max(),
            ordered=np.zeros(len(right.owner), bool),
        )

    def kept(sides, axes, fill=rasters._fill):
        labels, known = fill(sides, axes)
        filled.append(labels.copy())
        return labels, known

    monkeypatch.setattr(rasters, "_sides", spoiled)
    monkeypatch.setattr(rasters, "_fill", kept)
    assert (label_grid(found, 64) == right).all()
    assert (filled[0] != right).any()


def test_point_on_a_crease_is_on_the_side_where_its_unit_is_off():
    network = ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], [[-0.5], [0.0]])
    found = regions.enumerate_regions(network, UNIT_SQUARE)
    labels = label_grid(found, 8)
    assert found.pattern_bits()[labels[:, 3], 0].tolist() == [False] * 5 + [True] * 3


def test_outputs_are_those_of_the_network_at_each_point():
    network = random_network(np.random.default_rng(1), 2, [8, 8], outputs=3)
    box = regions.Box([-1.0, 0.0], [1.0, 3.0])
    found = regions.enumerate_regions(network, box)
    shape, axes = (20, 30), grid_axes(box, (20, 30), 0.0)
    labels = label_grid(found, shape)
    labels[3, 4] = labels[0, 29] = NO_REGION
    outputs = outputs_on_grid(network, found.pattern_bits(), labels, axes)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    expected = network(points).T.reshape(3, *shape)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-12)


def test_nearly_every_run_is_proved_by_the_errors_of_the_vertices():
    network = random_network(np.random.default_rng(2), 2, [14] * 5, slopes=0.01)
    found = regions.enumerate_regions(network, UNIT_SQUARE)
    errors = found.cells.position_errors
    assert errors is not None
    assert 0.0 < np.median(errors) < 1e-10
    axes = grid_axes(UNIT_SQUARE, (128, 128), 0.0)
    labels, known = rasters._fill(rasters._sides(found), axes)
    ends = label_proofs.open_points(
        labels, np.zeros(labels.size, bool), all_of_run=False
    )
    assert known.reshape(-1)[ends].mean() > 0.95
    hashed = kernel.patterns_at(
        network, np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
    )
    agrees = (found.patterns[labels.reshape(-1)] == hashed).all(1)
    assert agrees[known.reshape(-1)].all()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"resolution": 0}, "`resolution` is 0"),
        ({"resolution": (4, 4, 4)}, "one or two numbers"),
        ({"offset": 1.0}, "`offset` is 1.0"),
    ],
)
def test_bad_options_are_refused(change, match):
    network = random_network(np.random.default_rng(1), 2, [3])
    found = regions.enumerate_regions(network, UNIT_SQUARE)
    with pytest.raises(ValueError, match=match):
        label_grid(found, **change)


def test_incomplete_lists_and_other_domains_are_refused():
    network = random_network(np.random.default_rng(1), 2, [9])
    some = regions.enumerate_regions(network, UNIT_SQUARE, max_regions=2)
    with pytest.raises(ValueError, match="some are missing"):
        label_grid(some, 8)
    line = regions.enumerate_regions(network, regions.Segment([0, 0], [1, 1]))
    with pytest.raises(ValueError, match="Segment of dimension 1"):
        label_grid(line, 8)
