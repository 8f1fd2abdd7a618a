"""Activation regions met by a dense grid: fast, and always a lower bound.

The accelerator evaluates the pattern kernel at one chunk of points after another and
marks where the pattern differs from that of the point before. The host numbers the
patterns at those places only, so that memory is fixed however fine the grid.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Bool, Float, Float64, Int, Int32, Int64, UInt8, UInt32

from regions.domains import Box, Domain, Segment, Slice
from regions.network import ReluNetwork
from regions.pattern_table import PatternTable
from regions.patterns import (
    LayerParams,
    Structure,
    kernel_inputs,
    num_words,
    point_words,
    random_hash_words,
    words_to_bytes,
)
from regions.strictness import are_strict

_BLOCK_NUMBERS = 2**18
"""Activations of one layer that a CPU core handles at once: they fit its cache."""

Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class GridCount:
    """Patterns met by a grid; labels number them in order of first appearance.

    Attributes:
        count: Patterns with a strict witness: a lower bound of the number of activation
            regions, `int(grid)`. It is the number of labels but for rare ties.
        labels: Label of each grid point, axis k along coordinate k of the domain (for
            an image with rows along y, transpose), or None if not asked for.
        patterns: Packed pattern of each label (`regions.patterns.unpack_bits`).
        points_per_label: Number of grid points of each label.
        witnesses: A grid point of each label, in coordinates of the domain, in the
            middle of a longest run of it along the last axis.
        strict: Whether the witness, evaluated again in float64, has the pattern with no
            unit at zero. (A unit that is constant on the region is no tie.) A pattern
            met only on a boundary may belong to no region, and is not counted.
        resolution: Points per axis.
        num_bits: Length of a pattern.
        collisions: Patterns whose hash was another pattern's: found, and kept apart.
    """

    count: int
    labels: np.ndarray | None
    patterns: UInt8[np.ndarray, "labels bytes"]
    points_per_label: Int64[np.ndarray, " labels"]
    witnesses: Float64[np.ndarray, "labels dim"]
    strict: Bool[np.ndarray, " labels"]
    resolution: tuple[int, ...]
    num_bits: int
    collisions: int

    @property
    def complete(self) -> bool:
        """Always false: a grid cannot know what lies between its points."""
        return False

    def __int__(self) -> int:
        return self.count


Axes = tuple[np.ndarray, ...]


def grid_axes(box: Box, shape: tuple[int, ...], offset: float) -> Axes:
    """Coordinates along each axis: `lower + (i + offset) * (upper - lower) / n`.

    They are made on the host, for compilers round such a formula in their own ways.
    """
    return tuple(
        low + (np.arange(n) + offset) * (high - low) / n
        for low, high, n in zip(box.lower, box.upper, shape, strict=True)
    )


def hash_grid(
    network: ReluNetwork,
    domain: Domain,
    resolution: int | Sequence[int] = 1024,
    *,
    offset: float = 0.5,
    labels: bool = True,
    dtype: str = "float64",
    chunk: int = 131072,
    hash_words: UInt32[np.ndarray, "bits lanes"] | None = None,
    progress: Progress | None = None,
) -> GridCount:
    """Find the distinct activation patterns on a dense grid.

    Points are spread over all local devices of JAX. Labels and patterns depend neither
    on their number, nor on `chunk`, nor on the hash.

    Args:
        network: The network.
        domain: A Box, a Segment or a Slice; the grid is in its coordinates.
        resolution: Grid points along each axis: one number for all, or one per axis.
        offset: Place of a point in its pixel: 0.5 is the middle; with 0 point i is
            `lower + i * (upper - lower) / resolution`, and the upper end is left out.
        labels: Whether to return a label for each point, 4 bytes each.
        dtype: Arithmetic: `"float64"`, or `"float32"`, which is faster on a GPU and
            mislabels points within about 1e-6 of a boundary.
        chunk: Points per step, rounded up to fill the devices evenly.
        hash_words: Two uint32 multipliers per bit; random odd ones if None.
        progress: Called with (points done, points in all) after each chunk.

    Returns:
        The patterns met. `count` is a lower bound, whatever the resolution, within the
        limits of float64: where boundaries meet within its rounding error, a point may
        get a pattern that no region has.

    Raises:
        ValueError: If the domain has no grid, or an argument is out of range.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), np.ones((1, 2))], None)
        >>> hash_grid(net, Box.cube(2), 4).count
        4
    """
    shape = _shape(domain, resolution)
    _check_options(dtype, offset, chunk)
    restricted = domain.restrict(network)
    axes = grid_axes(_chart_box(domain), shape, offset)
    if hash_words is None:
        hash_words = random_hash_words(network.num_bits)
    if hash_words.shape != (network.num_bits, 2):
        raise ValueError(
            f"`hash_words` has shape {hash_words.shape}: two words for each of "
            f"{network.num_bits} bits are required."
        )
    table = PatternTable(num_words(restricted.num_bits), hash_words)
    tally, image = _Tally(), np.empty(math.prod(shape) if labels else 0, np.int32)
    for start, stop, runs, words in _stream(restricted, axes, dtype, chunk):
        found = table.locate(words)
        lengths = np.diff(runs, append=stop - start)
        tally.add(found, start + runs, lengths, len(table))
        if labels:
            image[start:stop] = np.repeat(found, lengths)
        if progress is not None:
            progress(stop, math.prod(shape))
    order = np.argsort(tally.first)
    if labels and (order != np.arange(len(order))).any():
        _relabel(image, np.argsort(order).astype(np.int32))
    packed = words_to_bytes(table.words[order], restricted.num_bits)
    where = np.unravel_index(tally.witness[order], shape)
    witnesses = np.stack([a[i] for a, i in zip(axes, where, strict=True)], 1)
    strict = are_strict(restricted, packed, witnesses)
    return GridCount(
        count=int(strict.sum()),
        labels=image.reshape(shape) if labels else None,
        patterns=packed,
        points_per_label=tally.points[order],
        witnesses=witnesses,
        strict=strict,
        resolution=shape,
        num_bits=restricted.num_bits,
        collisions=table.collisions,
    )


def boundary_pixels(labels: Int[np.ndarray, "x y"]) -> Bool[np.ndarray, "x y"]:
    """The pixels of a label image one of whose 4-neighbors has another label."""
    mask = np.zeros(labels.shape, bool)
    across = labels[1:] != labels[:-1]
    mask[1:] |= across
    mask[:-1] |= across
    across = labels[:, 1:] != labels[:, :-1]
    mask[:, 1:] |= across
    mask[:, :-1] |= across
    return mask


def _shape(domain: Domain, resolution: int | Sequence[int]) -> tuple[int, ...]:
    """Points per axis, checked."""
    if not isinstance(domain, (Box, Segment, Slice)):
        raise ValueError(
            f"`domain` is a {type(domain).__name__}: a grid needs a Box, a Segment or "
            "a Slice; put a Box around what you want to see."
        )
    if isinstance(resolution, (int, np.integer)):
        shape = (int(resolution),) * domain.dim
    else:
        shape = tuple(int(r) for r in resolution)
    if len(shape) != domain.dim or not all(0 < r < 2**30 for r in shape):
        raise ValueError(
            f"`resolution` is {resolution}: {domain.dim} numbers of points, one per "
            "axis of the domain and each from 1 to 2^30 - 1, or one for all, are "
            "required."
        )
    return shape


def _check_options(dtype: str, offset: float, chunk: int) -> None:
    """Raise unless the options of `hash_grid` are in range."""
    if dtype not in ("float32", "float64"):
        raise ValueError(f"`dtype` is {dtype!r}: 'float32' or 'float64' is required.")
    if not 0.0 <= offset <= 1.0:
        raise ValueError(f"`offset` is {offset}: a number from 0 to 1 is required.")
    if not 0 < chunk < 2**30:
        raise ValueError(f"`chunk` is {chunk}: 1 to 2^30 - 1 points are required.")


def _chart_box(domain: Domain) -> Box:
    """The box of the domain's coordinates."""
    if isinstance(domain, Slice):
        return domain.box
    if not isinstance(domain, Box):
        return Box([0.0], [1.0])
    with np.errstate(over="ignore"):
        if not np.isfinite(domain.upper - domain.lower).all():
            raise ValueError(
                "`domain` is wider than float64 holds: take a smaller box."
            )
    return domain


class _Layout(NamedTuple):
    """How a chunk is cut: devices, blocks per device, points per block."""

    devices: tuple[Any, ...]
    blocks: int
    block: int

    @property
    def points(self) -> int:
        """Points in a chunk."""
        return len(self.devices) * self.blocks * self.block


def _layout(network: ReluNetwork, total: int, chunk: int) -> _Layout:
    """Cut chunks so that on a CPU the activations of a block stay in the cache."""
    devices = tuple(jax.local_devices())
    share = -(-min(chunk, total) // len(devices))
    block = share
    if devices[0].platform == "cpu":
        widest = max((network.input_dim, *network.widths))
        block = min(share, max(256, _BLOCK_NUMBERS // widest))
    return _Layout(devices, -(-share // block), block)


def _grid_point(
    axes: tuple[Array, ...], start: Int32[Array, " dim"], step: Int32[Array, ""]
) -> Float[Array, " dim"]:
    """The grid point `step` places after the one with index `start`, in traced code.

    Indices are counted per axis, for their product may not fit 32 bits.
    """
    point, carry = [], step
    for axis in reversed(range(len(axes))):
        place, size = start[axis] + carry, np.int32(len(axes[axis]))
        point.append(axes[axis][jax.lax.rem(place, size)])
        carry = jax.lax.div(place, size)
    return jnp.stack(point[::-1])


@functools.cache
def _chunk_kernel(structure: Structure, layout: _Layout) -> Callable:
    """The compiled evaluation of one chunk, for all networks of a structure.

    It maps `(params, axes, start)` to the words `(blocks, words, block)` of the points
    from index `start` on, and whether each point begins a run `(blocks, block)`.
    """
    mesh = Mesh(np.array(layout.devices), ("devices",))

    def evaluate_block(
        params: tuple[LayerParams, ...],
        axes: tuple[Array, ...],
        start: Int32[Array, " dim"],
        first: Int32[Array, ""],
    ) -> tuple[UInt32[Array, "words block"], Bool[Array, " block"]]:
        def point(step: Int32[Array, ""]) -> UInt32[Array, " words"]:
            return point_words(params, structure, _grid_point(axes, start, step))

        steps = first + jnp.arange(layout.block, dtype=jnp.int32)
        words = jax.vmap(point, out_axes=1)(steps)
        changes = (words[:, 1:] != words[:, :-1]).any(0)
        return words, jnp.concatenate([jnp.ones(1, bool), changes])

    def evaluate_share(
        params: tuple[LayerParams, ...],
        axes: tuple[Array, ...],
        start: Int32[Array, " dim"],
    ) -> tuple[Array, Array]:
        place = jax.lax.axis_index("devices") * layout.blocks
        blocks = place + jnp.arange(layout.blocks, dtype=jnp.int32)
        evaluate = functools.partial(evaluate_block, params, axes, start)
        return jax.lax.map(evaluate, blocks * layout.block)

    everywhere, split = PartitionSpec(), PartitionSpec("devices")
    return jax.jit(
        jax.shard_map(
            evaluate_share,
            mesh=mesh,
            in_specs=(everywhere, everywhere, everywhere),
            out_specs=(split, split),
            check_vma=False,
        )
    )


def _stream(
    network: ReluNetwork, axes: Axes, dtype: str, chunk: int
) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Evaluate the grid chunk by chunk.

    Yields:
        First point, end, begins of the runs of equal patterns, counted from the first
        point, and the words of each run. One chunk is always under way.
    """
    shape = tuple(map(len, axes))
    total = math.prod(shape)
    layout = _layout(network, total, chunk)
    with jax.enable_x64(dtype == "float64"):
        params, structure = kernel_inputs(network, dtype)
        kernel = _chunk_kernel(structure, layout)
        device_axes = tuple(jnp.asarray(a, dtype) for a in axes)

    def launch(start: int) -> tuple[Array, Array]:
        index = np.array(np.unravel_index(start, shape), np.int32)
        with jax.enable_x64(dtype == "float64"):
            return kernel(params, device_axes, index)

    under_way = launch(0)
    for start in range(0, total, layout.points):
        words, begins = under_way
        stop = min(start + layout.points, total)
        if stop < total:
            under_way = launch(stop)
        runs = np.flatnonzero(np.asarray(begins).reshape(-1)[: stop - start])
        block, place = np.divmod(runs, layout.block)
        yield start, stop, runs, np.asarray(words)[block, :, place]


class _Tally:
    """What is known of each label while the grid streams by."""

    def __init__(self):
        self.points = np.empty(0, np.int64)
        self.first = np.empty(0, np.int64)
        self.longest = np.empty(0, np.int64)
        self.witness = np.empty(0, np.int64)

    def add(
        self,
        found: Int64[np.ndarray, " runs"],
        begins: Int64[np.ndarray, " runs"],
        lengths: Int64[np.ndarray, " runs"],
        size: int,
    ) -> None:
        """Count runs of label `found`, from grid point `begins` on.

        Args:
            found: Label of each run.
            begins: First grid point of each run, in order.
            lengths: Points of each run.
            size: Number of labels so far.
        """
        new = size - len(self.points)
        _, first = np.unique(found, return_index=True)
        first = first[len(first) - new :]
        self.first = np.append(self.first, begins[first])
        zeros = np.zeros(new, np.int64)
        self.points = np.append(self.points, zeros)
        self.longest = np.append(self.longest, zeros)
        self.witness = np.append(self.witness, zeros)
        np.add.at(self.points, found, lengths)
        by_length = np.argsort(-lengths, kind="stable")
        seen, best = np.unique(found[by_length], return_index=True)
        best = by_length[best]
        longer = lengths[best] > self.longest[seen]
        seen, best = seen[longer], best[longer]
        self.longest[seen] = lengths[best]
        self.witness[seen] = begins[best] + lengths[best] // 2


def _relabel(image: Int32[np.ndarray, " points"], new: Int32[np.ndarray, " labels"]):
    """Replace each label by `new[label]`, in place and in parts."""
    for start in range(0, len(image), 2**20):
        part = image[start : start + 2**20]
        part[:] = new[part]
