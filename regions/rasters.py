"""The exact partition of a plane as a label image: which region holds each pixel.

Lines of grid points are filled from the float64 polygons of the regions, which places
nearly every point right. Then every run of one label is proved: a region meets a line
in an interval, so it holds the whole run if it holds both ends, and the signs of all
units at the ends are decided exactly. What proves wrong is put right and proved again.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int, Int32, Int64, UInt8

from regions.class_polygons import region_polygons
from regions.domains import Box
from regions.grid import Axes, grid_axes
from regions.halfspaces import affine_pre_activations
from regions.network import ReluNetwork
from regions.patterns import pack_bits
from regions.point_signs import exact_signs, unit_kinks
from regions.region_set import RegionSet

NO_REGION = -1
"""Label of a point where boundaries meet, if its pattern is that of no region."""

_PATIENCE = 4
"""Rounds in which only the ends of a run are looked at again, not all of it."""


def label_grid(
    found: RegionSet, resolution: int | Sequence[int] = 1024, *, offset: float = 0.0
) -> Int32[np.ndarray, "x y"]:
    """The region at each point of a grid on a plane, exactly.

    A point on a boundary belongs to the region where the units that are zero there are
    off: a tie counts as 0.

    Args:
        found: All regions on a two-dimensional `Box`.
        resolution: Grid points along each axis: one number for both, or two.
        offset: Place of a point in its pixel, from 0 up to but not including 1, as in
            `regions.hash_grid`.

    Returns:
        Index into `found`, axis k along coordinate k of the box (for an image with rows
        along y, transpose), or `NO_REGION`.

    Raises:
        ValueError: If the regions are not all, or not on a plane box, or if an option
            is out of range.

    Example:
        >>> from regions import Box, ReluNetwork, enumerate_regions
        >>> net = ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], [[-0.6], [0.0]])
        >>> found = enumerate_regions(net, Box([0, 0], [1, 1]))
        >>> label_grid(found, 4)[:, 0].tolist()
        [0, 0, 0, 1]
    """
    box, shape = _checked(found, resolution, offset)
    axes = grid_axes(box, shape, offset)
    labels = _fill(region_polygons(found), axes)
    _prove(labels, found, axes)
    return labels


def outputs_on_grid(
    network: ReluNetwork,
    patterns: Bool[np.ndarray, "patterns bits"],
    labels: Int[np.ndarray, "x y"],
    axes: Axes,
) -> Float64[np.ndarray, "outputs x y"]:
    """The network at every point of a labeled grid, by the affine map of its label.

    That costs three numbers a point and output, however deep the network is.

    Args:
        network: The network.
        patterns: Pattern of each label.
        labels: Of the points, from `label_grid` or `regions.hash_grid`.
        axes: Coordinates along each axis, from `regions.grid.grid_axes`.
    """
    jacobian, offset = affine_pre_activations(network, patterns)[-1]
    outputs = np.empty((network.output_dim, *labels.shape))
    x, y = axes[0][:, None], axes[1][None, :]
    for k in range(network.output_dim):
        along_x, along_y, constant = (
            np.broadcast_to(table, len(patterns))[labels]
            for table in (jacobian[:, k, 0], jacobian[:, k, 1], offset[:, k])
        )
        outputs[k] = along_x * x + along_y * y + constant
    at = np.nonzero(labels == NO_REGION)
    if len(at[0]):
        points = np.stack([axes[0][at[0]], axes[1][at[1]]], axis=1)
        outputs[:, at[0], at[1]] = network(points).T
    return outputs


def _checked(
    found: RegionSet, resolution: int | Sequence[int], offset: float
) -> tuple[Box, tuple[int, int]]:
    """The box and the points per axis."""
    if not isinstance(found.domain, Box) or found.domain.dim != 2:
        raise ValueError(
            f"the domain is a {type(found.domain).__name__} of dimension "
            f"{found.domain.dim}: a Box of dimension 2 is required."
        )
    if not found.complete:
        raise ValueError(
            f"{len(found)} regions were found and some are missing: all are required."
        )
    shape = (resolution,) * 2 if isinstance(resolution, int) else tuple(resolution)
    if len(shape) != 2 or not all(0 < n < 2**15 for n in shape):
        raise ValueError(
            f"`resolution` is {resolution}: one or two numbers from 1 to "
            f"{2**15 - 1} are required."
        )
    if not 0.0 <= offset < 1.0:
        raise ValueError(f"`offset` is {offset}: a number from 0 to below 1 is needed.")
    return found.domain, (shape[0], shape[1])


def _fill(
    polygons: list[Float64[np.ndarray, "_ 2"]], axes: Axes
) -> Int32[np.ndarray, "x y"]:
    """Labels by where the lower sides of the polygons cross the lines of constant x.

    Along a line, from below, each such crossing is where a region begins.
    """
    (xs, ys), corners = axes, np.concatenate(polygons)
    counts = np.array([len(polygon) for polygon in polygons])
    ends = np.cumsum(counts)
    after = np.arange(1, len(corners) + 1)
    after[ends - 1] = ends - counts
    owner = np.repeat(np.arange(len(polygons), dtype=np.int32), counts)
    # Counterclockwise, the lower sides are those that run towards larger x.
    first = np.searchsorted(xs, corners[:, 0])
    columns = np.maximum(np.searchsorted(xs, corners[after, 0]) - first, 0)
    side = np.repeat(np.arange(len(corners)), columns)
    column = np.arange(len(side)) - np.repeat(np.cumsum(columns) - columns, columns)
    column += first[side]
    step = corners[after] - corners
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = step[:, 1] / step[:, 0]
    y = corners[side, 1] + (xs[column] - corners[side, 0]) * slope[side]
    row = np.searchsorted(ys, y)
    share = (y - ys[0]) / max(float(np.ptp(ys)), np.finfo(float).tiny)
    order = np.argsort(column + 0.5 * np.clip(share, -0.5, 1.5))
    column, row = column[order], row[order]
    row[np.flatnonzero(np.diff(column, prepend=-1))] = 0
    begins = np.maximum.accumulate(column * len(ys) + row)
    lengths = np.diff(begins, append=len(xs) * len(ys))
    return np.repeat(owner[side[order]], lengths).reshape(len(xs), len(ys))


def _prove(labels: Int32[np.ndarray, "x y"], found: RegionSet, axes: Axes) -> None:
    """Put the labels right, in place, until both ends of every run are proved."""
    finder = _PatternFinder(found)
    known, flat = np.zeros(labels.size, bool), labels.reshape(-1)
    rounds = 0
    while len(open_ := _open_points(labels, known, all_of_run=rounds > _PATIENCE)):
        x, y = np.divmod(open_, len(axes[1]))
        points = np.stack([axes[0][x], axes[1][y]], axis=1)
        flat[open_] = finder.find(points, flat[open_])
        known[open_] = True
        rounds += 1


def _open_points(
    labels: Int32[np.ndarray, "x y"],
    known: Bool[np.ndarray, " points"],
    all_of_run: bool,
) -> Int64[np.ndarray, " open"]:
    """Points to decide: unknown ends of runs, or all of the runs that have one."""
    begins = np.ones(labels.shape, bool)
    begins[:, 1:] = labels[:, 1:] != labels[:, :-1]
    first = np.flatnonzero(begins)
    last = np.append(first[1:], labels.size) - 1
    if all_of_run:
        doubt = ~(known[first] & known[last])
        inside = np.repeat(doubt, last - first + 1)
        return np.flatnonzero(inside & ~known)
    ends = np.zeros(labels.size, bool)
    ends[first] = ends[last] = True
    return np.flatnonzero(ends & ~known)


class _PatternFinder:
    """The region of a point by its exact pattern."""

    def __init__(self, found: RegionSet):
        self._network: ReluNetwork = found.network
        self._kinks = unit_kinks(found.network)
        self._patterns = found.patterns
        self._index: dict[bytes, int] = {}

    def find(
        self, points: Float64[np.ndarray, "points 2"], guess: Int[np.ndarray, " points"]
    ) -> Int32[np.ndarray, " points"]:
        """Labels of points, most of which are as guessed."""
        on = exact_signs(self._network, points)[:, self._kinks] > 0
        packed: UInt8[np.ndarray, "points bytes"] = pack_bits(on)
        labels = guess.astype(np.int32)
        wrong = np.flatnonzero((packed != self._patterns[guess]).any(1))
        if len(wrong) and not self._index:
            self._index = {row.tobytes(): i for i, row in enumerate(self._patterns)}
        for point in wrong:
            labels[point] = self._index.get(packed[point].tobytes(), NO_REGION)
        return labels
