"""The exact partition of a plane as a label image: which region holds each pixel.

Lines of grid points are filled from the float64 polygons of the regions, which places
nearly every point right. Then every run of one label is proved: a region meets a line
in an interval, so it holds the whole run if it holds both ends. It holds an end that
lies farther from where the line crosses a side of the polygon than the proved errors of
the vertices can move that crossing; at other ends the signs of all units are decided,
by bounds or in rational arithmetic. What proves wrong is put right and proved again.
An accelerator evaluates the points themselves (`device_labels`); the labels are equal.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float64, Int, Int32, Int64

from regions.compiled.devices import num_products, on_accelerator
from regions.domains.shapes import Box
from regions.grid.hash_grid import Axes, grid_axes
from regions.network import ReluNetwork
from regions.partition.class_polygons import region_polygons
from regions.partition.device_labels import labels_on_device
from regions.partition.label_proofs import NO_REGION as NO_REGION, prove_labels
from regions.patterns.halfspaces import affine_pre_activations
from regions.results.region_set import RegionSet
from regions.signs.rounding import UNIT_ROUNDOFF

_MARGIN = 2.0**-40
"""Added to each doubt, as a share of the largest coordinate: sorting rounds too."""


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
        >>> labels = label_grid(found, 4)[:, 0]
        >>> (labels == labels[0]).tolist()
        [True, True, True, False]
    """
    labels = label_image(found, resolution, offset=offset)
    return labels if isinstance(labels, np.ndarray) else np.array(labels)


def label_image(
    found: RegionSet, resolution: int | Sequence[int], *, offset: float = 0.0
) -> Int32[np.ndarray | Array, "x y"]:
    """What `label_grid` returns, where it was found: on an accelerator it stays there.

    Small grids, and those on which rounding leaves too much open, are the host's.
    """
    box, shape = _checked(found, resolution, offset)
    axes = grid_axes(box, shape, offset)
    if on_accelerator(shape[0] * shape[1] * num_products(found.network)):
        labels = labels_on_device(found, box, axes)
        if labels is not None:
            return labels
    labels, known = _fill(_sides(found), axes)
    # On the rim of the box a unit may vanish that is on inside.
    known &= (axes[0][:, None] > box.lower[0]) & (axes[1] > box.lower[1])
    prove_labels(labels, known, found, box, axes)
    return labels


def outputs_on_grid(
    network: ReluNetwork,
    patterns: Bool[np.ndarray, "patterns bits"],
    labels: Int[np.ndarray | Array, "x y"],
    axes: Axes,
) -> Float64[np.ndarray, "outputs x y"]:
    """The network at every point of a labeled grid, by the affine map of its label.

    That costs three numbers a point and output, however deep the network is.

    Args:
        network: The network.
        patterns: Pattern of each label.
        labels: Labels of the points, from `label_image` or `regions.hash_grid`.
        axes: Coordinates along each axis, from `regions.grid.hash_grid.grid_axes`.
    """
    jacobian, offset = affine_pre_activations(network, patterns)[-1]
    outputs = np.empty((network.output_dim, *labels.shape))
    xp: Any = labels.__array_namespace__()
    with jax.enable_x64(True):
        x, y = (xp.asarray(axis) for axis in axes)
        for k in range(network.output_dim):
            along_x, along_y, constant = (
                xp.asarray(np.broadcast_to(table, len(patterns)))[labels]
                for table in (jacobian[:, k, 0], jacobian[:, k, 1], offset[:, k])
            )
            # One operation at a time: nothing is fused, and a device rounds as NumPy.
            outputs[k] = along_x * x[:, None] + along_y * y + constant
        at = np.nonzero(np.asarray(labels == NO_REGION))
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


class _Sides(NamedTuple):
    """Sides of all polygons, counterclockwise, with the proved errors of the vertices.

    Attributes:
        start: Where a side begins.
        end: Where it ends.
        owner: Region that it bounds.
        errors: Largest error of a coordinate of its ends.
        ordered: Whether the corners of the polygon are proved to be in order.
    """

    start: Float64[np.ndarray, "sides 2"]
    end: Float64[np.ndarray, "sides 2"]
    owner: Int32[np.ndarray, " sides"]
    errors: Float64[np.ndarray, " sides"]
    ordered: Bool[np.ndarray, " sides"]


def _sides(found: RegionSet) -> _Sides:
    """The sides of all regions."""
    polygons = region_polygons(found)
    counts = np.array([len(polygon) for polygon in polygons])
    ends = np.cumsum(counts)
    after = np.arange(1, ends[-1] + 1)
    after[ends - 1] = ends - counts
    corners = np.concatenate(polygons)
    owner = np.repeat(np.arange(len(polygons), dtype=np.int32), counts)
    errors = np.full(len(corners), np.inf)
    if found.has_cells:
        cells = found.cells
        if cells.position_errors is not None:
            errors = cells.position_errors[cells.counterclockwise()]
            errors = np.maximum(errors, errors[after])
    ordered = _are_ordered(corners, errors, owner, after)
    return _Sides(corners, corners[after], owner, errors, ordered)


@np.errstate(invalid="ignore")
def _are_ordered(
    corners: Float64[np.ndarray, "sides 2"],
    errors: Float64[np.ndarray, " sides"],
    owner: Int32[np.ndarray, " sides"],
    after: Int64[np.ndarray, " sides"],
) -> Bool[np.ndarray, " sides"]:
    """Sides of the polygons that turn left at every exact corner, proved."""
    step = corners[after] - corners
    turn = step[:, 0] * step[after, 1] - step[:, 1] * step[after, 0]
    error = np.maximum(errors, errors[after])
    length = np.abs(step).sum(1)
    doubt = 4.0 * error * (length + length[after]) + 16.0 * error**2
    doubt += 16.0 * UNIT_ROUNDOFF * length * length[after]
    proved = np.ones(int(owner[-1]) + 1, bool)
    proved[owner[~(turn > doubt)]] = False
    return proved[owner]


def _fill(
    sides: _Sides, axes: Axes
) -> tuple[Int32[np.ndarray, "x y"], Bool[np.ndarray, "x y"]]:
    """Labels, and whether the label of a point at the end of a run is proved.

    Along a line of constant x, from below, a region begins where the line crosses a
    lower side of it: one that runs towards larger x.
    """
    (xs, ys), (start, end, owner, *_) = axes, sides
    first = np.searchsorted(xs, start[:, 0])
    columns = np.maximum(np.searchsorted(xs, end[:, 0]) - first, 0)
    side = np.repeat(np.arange(len(start)), columns)
    column = np.arange(len(side)) - np.repeat(np.cumsum(columns) - columns, columns)
    column += first[side]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (end[:, 1] - start[:, 1]) / (end[:, 0] - start[:, 0])
    y = start[side, 1] + (xs[column] - start[side, 0]) * slope[side]
    share = (y - ys[0]) / max(float(np.ptp(ys)), np.finfo(float).tiny)
    order = np.argsort(column + 0.5 * np.clip(share, -0.5, 1.5))
    column, y, side = column[order], y[order], side[order]
    row = np.searchsorted(ys, y)
    opens = np.diff(column, prepend=-1) > 0
    row[opens] = 0
    begins = np.maximum.accumulate(column * len(ys) + row)
    lengths = np.diff(begins, append=len(xs) * len(ys))
    labels = np.repeat(owner[side], lengths)
    known = np.zeros(len(labels), bool)
    doubt = _column_doubt(sides, axes[0], column, side)[column]
    doubt[~sides.ordered[side]] = np.inf
    below, above = y.copy(), np.append(y[1:], np.inf)
    below[opens], above[np.append(opens[1:], True)] = -np.inf, np.inf
    closing = np.append(doubt[1:], 0.0)
    closing[np.append(opens[1:], True)] = 0.0
    run = np.flatnonzero(lengths)
    low, high = begins[run], begins[run] + lengths[run] - 1
    clear = (ys[low % len(ys)] - below[run] > doubt[run]) & (
        above[run] - ys[high % len(ys)] > closing[run]
    )
    known[low[clear]] = known[high[clear]] = True
    shape = (len(xs), len(ys))
    known = known.reshape(shape)
    _forget_around_unordered(known, sides, axes)
    return labels.reshape(shape), known


def _forget_around_unordered(
    known: Bool[np.ndarray, "x y"], sides: _Sides, axes: Axes
) -> None:
    """Take nothing for known in the boxes of polygons without a proved order."""
    open_ = np.flatnonzero(~sides.ordered)
    if not len(open_):
        return
    firsts = np.flatnonzero(np.diff(sides.owner[open_], prepend=-1))
    low = np.minimum.reduceat(sides.start[open_], firsts, axis=0)
    high = np.maximum.reduceat(sides.start[open_], firsts, axis=0)
    error = np.maximum.reduceat(sides.errors[open_], firsts)[:, None]
    error = error + _MARGIN * np.abs(sides.start).max()
    starts, stops = (
        np.stack([np.searchsorted(axes[k], ends[:, k]) for k in (0, 1)], axis=1)
        for ends in (low - 2.0 * error, high + 2.0 * error)
    )
    for (left, bottom), (right, top) in zip(starts, stops, strict=True):
        known[left:right, bottom:top] = False


def _column_doubt(
    sides: _Sides,
    xs: Float64[np.ndarray, " columns"],
    column: Int[np.ndarray, " crossings"],
    side: Int[np.ndarray, " crossings"],
) -> Float64[np.ndarray, " columns"]:
    """How far a crossing may lie from its exact place, at most, on each line.

    Infinite on a line so near to a vertex that another side may be the one crossed.
    Otherwise a side is at least `8 e` long along x, `e` the error of its ends, so its
    exact slope is at most twice `(|dy| + 2 e) / dx`. Polygons without a proved order
    are left out.
    """
    start, end, _, errors, ordered = sides
    doubt = np.full(len(xs), _MARGIN * np.abs(start).max())
    dx, dy = np.abs(end - start).T
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        moved = 2.0 * errors * (1.0 + (dy + 2.0 * errors) / dx)
        size = np.abs(start[:, 1]) + np.abs(end[:, 1])
        moved += 16.0 * UNIT_ROUNDOFF * (size + (dy / dx) * np.abs(xs).max())
    moved = np.where(ordered, np.nan_to_num(moved, nan=np.inf), 0.0)
    np.maximum.at(doubt, column, moved[side])
    reach = 4.0 * errors[ordered] + 8.0 * UNIT_ROUNDOFF * np.abs(xs).max()
    place = start[ordered, 0]
    spoiled = np.zeros(len(xs) + 1, np.int64)
    np.add.at(spoiled, np.searchsorted(xs, place - reach), 1)
    np.add.at(spoiled, np.searchsorted(xs, place + reach, side="right"), -1)
    doubt[np.cumsum(spoiled[:-1]) > 0] = np.inf
    return doubt
