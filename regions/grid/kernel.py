"""The pattern kernel on the points of a grid, chunk by chunk, on all local devices."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Bool, Float, Int32, Int64, UInt32

from regions.compiled.devices import devices_for, num_products
from regions.domains.shapes import Box
from regions.grid.open_points import (
    LayerBounds,
    layer_bounds,
    point_words_and_open,
)
from regions.network import ReluNetwork
from regions.patterns.kernel import LayerParams, Structure, kernel_inputs, point_words

_BLOCK_NUMBERS = 2**18
"""Activations of one layer that a CPU core handles at once: they fit its cache."""

_CPU_CHUNK = 2**17
"""Points per step on a CPU, unless told otherwise."""

_MOST_CHUNK = 2**22
"""The same on an accelerator, which small steps leave idle; fewer in wide networks."""

_CHUNK_NUMBERS = 2**28
"""Activations of one layer that an accelerator has room for."""

_SETTLED_AT_ONCE = 2**12
"""Open points that are evaluated in float64 at once."""

Axes = tuple[np.ndarray, ...]


def grid_axes(box: Box, shape: tuple[int, ...], offset: float) -> Axes:
    """Coordinates along each axis: `lower + (i + offset) * (upper - lower) / n`.

    They are made on the host, for compilers round such a formula in their own ways.
    """
    return tuple(
        low + (np.arange(n) + offset) * (high - low) / n
        for low, high, n in zip(box.lower, box.upper, shape, strict=True)
    )


class Piece(NamedTuple):
    """Consecutive points of a grid with their patterns, on the devices.

    Attributes:
        start: First point.
        stop: The point after the last one.
        words: Packed patterns of the points from `start` on, and of some after `stop`.
        begins: Whether each of these points begins a run of equal patterns, by block.
        is_open: Which of them rounding leaves open, for exact arithmetic to settle;
            False everywhere where this was not asked.
        settled: Points that float32 left open, and float64 settled.
        on_host: Whether the devices' memory is the host's.
    """

    start: int
    stop: int
    words: UInt32[Array, "blocks words block"]
    begins: Bool[Array, "blocks block"]
    is_open: Bool[Array, "blocks block"]
    settled: int
    on_host: bool


class Runs(NamedTuple):
    """Runs of equal patterns among consecutive points of a grid, on the host.

    Attributes:
        begins: First point of each run, counted from the first of all.
        words: The pattern of each run, packed.
    """

    begins: Int64[np.ndarray, " runs"]
    words: UInt32[np.ndarray, "runs words"]


class _Layout(NamedTuple):
    """How a chunk is cut: devices, blocks per device, points per block."""

    devices: tuple[Any, ...]
    blocks: int
    block: int

    @property
    def points(self) -> int:
        """Points in a chunk."""
        return len(self.devices) * self.blocks * self.block


def _layout(network: ReluNetwork, total: int, chunk: int | None) -> _Layout:
    """Cut chunks so that on a CPU the activations of a block stay in the cache."""
    devices = devices_for(total * num_products(network))
    if chunk is None:
        chunk = _default_chunk(network, devices[0].platform) * len(devices)
    share = -(-min(chunk, total) // len(devices))
    block = share
    if devices[0].platform == "cpu":
        widest = max((network.input_dim, *network.widths))
        block = min(share, max(256, _BLOCK_NUMBERS // widest))
    return _Layout(devices, -(-share // block), block)


def _default_chunk(network: ReluNetwork, platform: str) -> int:
    """Points per step and device."""
    if platform == "cpu":
        return _CPU_CHUNK
    widest = max((network.input_dim, *network.widths))
    return min(_MOST_CHUNK, max(_CPU_CHUNK, _CHUNK_NUMBERS // widest))


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


Chunk = tuple[Array, Array, Array]
"""Words, beginnings of runs, and open points, all by block."""


def _begins(words: UInt32[Array, "words block"]) -> Bool[Array, " block"]:
    """Where runs begin in a block, in traced code; its first point always does."""
    changes = (words[:, 1:] != words[:, :-1]).any(0)
    return jnp.concatenate([jnp.ones(1, bool), changes])


@functools.cache
def _chunk_kernel(structure: Structure, layout: _Layout) -> Callable:
    """The compiled evaluation of one chunk, for all networks of a structure.

    It maps `(params, bounds, axes, start)` to the words `(blocks, words, block)` of the
    points from index `start` on, whether each point begins a run `(blocks, block)`, and
    whether float32 leaves it open, if `bounds` are given.
    """
    mesh = Mesh(np.array(layout.devices), ("devices",))

    def evaluate_block(
        params: tuple[LayerParams, ...],
        bounds: tuple[LayerBounds, ...] | None,
        axes: tuple[Array, ...],
        start: Int32[Array, " dim"],
        first: Int32[Array, ""],
    ) -> Chunk:
        def point(
            step: Int32[Array, ""],
        ) -> tuple[UInt32[Array, " words"], Bool[Array, ""]]:
            x = _grid_point(axes, start, step)
            if bounds is None:
                return point_words(params, structure, x), jnp.zeros((), bool)
            return point_words_and_open(params, bounds, structure, x)

        steps = first + jnp.arange(layout.block, dtype=jnp.int32)
        words, is_open = jax.vmap(point, out_axes=(1, 0))(steps)
        return words, _begins(words), is_open

    def evaluate_share(
        params: tuple[LayerParams, ...],
        bounds: tuple[LayerBounds, ...] | None,
        axes: tuple[Array, ...],
        start: Int32[Array, " dim"],
    ) -> Chunk:
        place = jax.lax.axis_index("devices") * layout.blocks
        blocks = place + jnp.arange(layout.blocks, dtype=jnp.int32)
        evaluate = functools.partial(evaluate_block, params, bounds, axes, start)
        return jax.lax.map(evaluate, blocks * layout.block)

    everywhere, split = PartitionSpec(), PartitionSpec("devices")
    return jax.jit(
        jax.shard_map(
            evaluate_share,
            mesh=mesh,
            in_specs=(everywhere,) * 4,
            out_specs=(split,) * 3,
            check_vma=False,
        )
    )


def stream(
    network: ReluNetwork,
    axes: Axes,
    dtype: str,
    chunk: int | None,
    points: range,
    *,
    bounded: bool = False,
) -> Iterator[Piece]:
    """Evaluate some points of the grid, chunk by chunk; one is always under way.

    Args:
        network: As a function of the grid's coordinates.
        axes: From `grid_axes`.
        dtype: Arithmetic, `"float64"` or `"float32"`; points that the latter leaves
            open are settled by the former.
        chunk: Points per step, rounded up to fill the devices evenly; None for a
            number that suits the devices.
        points: Which points, the last axis fastest.
        bounded: Whether to ask which points float64 leaves open.
    """
    if not points:
        return
    shape = tuple(map(len, axes))
    layout = _layout(network, len(points), chunk)
    with jax.enable_x64(True):
        exact, structure = kernel_inputs(network, "float64")
        exact_axes = tuple(jax.device_put(np.asarray(a, "float64")) for a in axes)
        params, bounds, near_axes = exact, None, exact_axes
        if dtype == "float32":
            params, _ = kernel_inputs(network, "float32")
            # Points beyond float32 are infinite, and left open.
            with np.errstate(over="ignore"):
                near = [np.asarray(a, "float32") for a in axes]
            near_axes = tuple(map(jax.device_put, near))
        if dtype == "float32" or bounded:
            bounds = layer_bounds(network, dtype)
        kernel = _chunk_kernel(structure, layout)

    def index_of(start: int) -> Int32[np.ndarray, " dim"]:
        return np.array(np.unravel_index(start, shape), np.int32)

    def launch(start: int) -> Chunk:
        with jax.enable_x64(True):
            return kernel(params, bounds, near_axes, index_of(start))

    on_host = layout.devices[0].platform == "cpu"
    under_way = launch(points.start)
    for start in range(points.start, points.stop, layout.points):
        words, begins, is_open = under_way
        stop = min(start + layout.points, points.stop)
        if stop < points.stop:
            under_way = launch(stop)
        limit = np.int32(stop - start)
        settled = int(_num_open(is_open, limit)) if dtype == "float32" else 0
        if settled:
            room = 1 << (settled - 1).bit_length()
            with jax.enable_x64(True):
                words, begins = _settled(
                    words,
                    is_open,
                    limit,
                    exact,
                    structure,
                    exact_axes,
                    index_of(start),
                    room=room,
                )
        yield Piece(start, stop, words, begins, is_open, settled, on_host)


@jax.jit
def _num_open(
    is_open: Bool[Array, "blocks block"], inside: Int32[Array, ""]
) -> Int32[Array, ""]:
    """How many of the first `inside` points of a chunk are open."""
    places = jnp.arange(is_open.size, dtype=jnp.int32)
    return (is_open.reshape(-1) & (places < inside)).sum(dtype=jnp.int32)


@functools.partial(jax.jit, static_argnames=("structure", "room"))
def _settled(
    words: UInt32[Array, "blocks words block"],
    is_open: Bool[Array, "blocks block"],
    inside: Int32[Array, ""],
    params: tuple[LayerParams, ...],
    structure: Structure,
    axes: tuple[Array, ...],
    start: Int32[Array, " dim"],
    *,
    room: int,
) -> tuple[UInt32[Array, "blocks words block"], Bool[Array, "blocks block"]]:
    """Words and beginnings of runs with the open points evaluated in float64."""
    flat = is_open.reshape(-1)
    flat &= jnp.arange(len(flat), dtype=jnp.int32) < inside
    # Places that are left over repeat point 0, which float64 may settle as well.
    (found,) = jnp.nonzero(flat, size=room, fill_value=0)

    def point(step: Int32[Array, ""]) -> UInt32[Array, " words"]:
        return point_words(params, structure, _grid_point(axes, start, step))

    exact = jax.lax.map(
        point, found.astype(jnp.int32), batch_size=min(room, _SETTLED_AT_ONCE)
    )
    block, place = jnp.divmod(found, is_open.shape[1])
    words = words.at[block, :, place].set(exact)
    return words, jax.vmap(_begins)(words)


def runs_of(piece: Piece) -> Runs:
    """The runs of a piece, where memory is the host's: all points are looked at."""
    found = np.flatnonzero(
        np.asarray(piece.begins).reshape(-1)[: piece.stop - piece.start]
    )
    block, place = np.divmod(found, piece.begins.shape[1])
    return Runs(found, np.asarray(piece.words)[block, :, place])
