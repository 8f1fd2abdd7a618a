"""Numbering and tallying the patterns of a grid on the device.

The host's pattern table stays the judge: its patterns, keys and numbers lie on the
device as well, and each run of a chunk is looked up there, by its key, and compared
word by word with the pattern that it is taken for. Only patterns that are new travel,
each once; points, first points and longest runs are added up on the device until the
end. Where two patterns have one key, the host takes over.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int32, Int64, UInt32, UInt64

from regions.grid.pattern_table import PatternTable
from regions.grid.tally import NEVER, Tally
from regions.patterns.kernel import point_hash

_LEAST_ROOM = 2**12
"""Runs per chunk, and patterns, for which there is room at first."""

_HALF = 32
"""Bits of a run's length above those of its place, where the two are one number."""


class CollisionError(Exception):
    """Two patterns have one key, which only the host's table can tell apart."""


class _Runs(NamedTuple):
    """The runs of a chunk, and room for more: those that are left over are empty.

    Attributes:
        begins: First point of each, counted from the chunk's.
        lengths: Points in it.
        patterns: Packed.
        keys: Hashes of the patterns.
    """

    begins: Int32[Array, " room"]
    lengths: Int32[Array, " room"]
    patterns: UInt32[Array, "room words"]
    keys: UInt64[Array, " room"]


class _Known(NamedTuple):
    """The host's table on the device, and room for more patterns.

    Attributes:
        keys: Sorted; what is left over holds the largest key.
        owners: Number of the pattern of each key.
        patterns: By number.
    """

    keys: UInt64[Array, " room"]
    owners: Int32[Array, " room"]
    patterns: UInt32[Array, "room words"]


class _Sums(NamedTuple):
    """A `Tally` on the device, with room for more patterns."""

    points: Int64[Array, " room"]
    first: Int64[Array, " room"]
    longest: Int64[Array, " room"]
    witness: Int64[Array, " room"]


class DeviceTally:
    """Numbers the patterns of one chunk after another, and tallies them.

    Args:
        table: The host's table, to which new patterns are added.
        hash_words: Its multipliers.
    """

    def __init__(
        self, table: PatternTable, hash_words: UInt32[np.ndarray, "bits lanes"]
    ):
        self._table = table
        self._hash_words = jax.device_put(hash_words)
        self._room = _LEAST_ROOM
        with jax.enable_x64(True):
            self._known = _upload(table, _LEAST_ROOM)
            self._sums = _no_sums(_LEAST_ROOM)

    def add(
        self,
        words: UInt32[Array, "blocks words block"],
        begins: Bool[Array, "blocks block"],
        start: int,
        inside: int,
    ) -> Int32[Array, " points"]:
        """Take the first `inside` points of a chunk; the label of each point.

        Args:
            words: Packed patterns of the chunk's points, by block.
            begins: Which points begin a run.
            start: Number of the chunk's first point in the grid.
            inside: How many points count.

        Raises:
            CollisionError: If two patterns have one key. The table may know patterns
                of this chunk then, but nothing of it was tallied.
        """
        with jax.enable_x64(True):
            runs = self._runs(words, begins, np.int32(inside))
            labels = self._labels(runs)
            self._sums = _added(self._sums, runs, labels, np.int64(start))
            return _point_labels(begins, labels)

    def _runs(
        self,
        words: UInt32[Array, "blocks words block"],
        begins: Bool[Array, "blocks block"],
        inside: np.int32,
    ) -> _Runs:
        """The runs of a chunk, in room enough for them."""
        count, runs = _compacted(words, begins, inside, self._hash_words, self._room)
        if int(count) > self._room:
            self._room = _power_of_two(int(count))
            _, runs = _compacted(words, begins, inside, self._hash_words, self._room)
        return runs

    def _labels(self, runs: _Runs) -> Int32[Array, " room"]:
        """The number of each run's pattern; new patterns get theirs from the host."""
        labels, unknown, new = _looked_up(runs, self._known)
        if not int(unknown):
            return labels
        rows = np.asarray(new)
        rows = rows[rows >= 0]
        # Few sizes are compiled: places that are left over repeat a pattern.
        padded = np.resize(rows, _power_of_two(len(rows)))
        self._table.locate(np.asarray(_taken(runs.patterns, padded)))
        room = len(self._known.owners)
        if len(self._table) > room:
            room = _power_of_two(len(self._table))
            self._sums = _grown(self._sums, room)
        self._known = _upload(self._table, room)
        labels, unknown, _ = _looked_up(runs, self._known)
        if int(unknown):
            raise CollisionError
        return labels

    def tally(self) -> Tally:
        """What was added up, on the host."""
        sums = (np.asarray(numbers) for numbers in self._sums)
        return Tally.from_array(np.stack(list(sums), 1)[: len(self._table)])


def _power_of_two(number: int) -> int:
    """The smallest power of two that is not below the number."""
    return 1 << (number - 1).bit_length()


def _upload(table: PatternTable, room: int) -> _Known:
    """The host's table, on the device."""
    keys, owners = table.index
    patterns = np.zeros((room, table.words.shape[1]), np.uint32)
    patterns[: len(table)] = table.words
    left = (0, room - len(table))
    return _Known(
        jax.device_put(np.pad(keys, left, constant_values=np.iinfo(np.uint64).max)),
        jax.device_put(np.pad(owners.astype(np.int32), left)),
        jax.device_put(patterns),
    )


def _no_sums(room: int) -> _Sums:
    """Sums of nothing."""
    zeros = jnp.zeros(room, jnp.int64)
    return _Sums(zeros, zeros + NEVER, zeros, zeros)


def _grown(sums: _Sums, room: int) -> _Sums:
    """The same with more room."""
    more = _no_sums(room - len(sums.points))
    return _Sums(*(jnp.concatenate(pair) for pair in zip(sums, more, strict=True)))


@functools.partial(jax.jit, static_argnames="room")
def _compacted(
    words: UInt32[Array, "blocks words block"],
    begins: Bool[Array, "blocks block"],
    inside: Int32[Array, ""],
    hash_words: UInt32[Array, "bits lanes"],
    room: int,
) -> tuple[Int32[Array, ""], _Runs]:
    """How many runs there are, and as many of them as there is room for."""
    flat = begins.reshape(-1)
    flat &= jnp.arange(len(flat), dtype=jnp.int32) < inside
    (first,) = jnp.nonzero(flat, size=room, fill_value=inside)
    first = first.astype(jnp.int32)
    lengths = jnp.concatenate([first[1:], inside[None]]) - first
    block, place = jnp.divmod(jnp.minimum(first, len(flat) - 1), begins.shape[1])
    patterns = words[block, :, place]
    lanes = jax.vmap(point_hash, in_axes=(0, None))(patterns, hash_words)
    keys = (lanes[:, 0].astype(jnp.uint64) << _HALF) | lanes[:, 1]
    return flat.sum(dtype=jnp.int32), _Runs(first, lengths, patterns, keys)


@jax.jit
def _looked_up(
    runs: _Runs, known: _Known
) -> tuple[Int32[Array, " room"], Int32[Array, ""], Int32[Array, " room"]]:
    """The number of each run's pattern, how many are unknown, one run of each of these.

    Runs of the same unknown key stand together when they are sorted; the first of them
    stands for all. The rest of the last array is -1.
    """
    slots = jnp.searchsorted(known.keys, runs.keys)
    slots = jnp.minimum(slots, len(known.keys) - 1)
    labels = known.owners[slots]
    same = (known.patterns[labels] == runs.patterns).all(1)
    is_new = ~(same & (known.keys[slots] == runs.keys)) & (runs.lengths > 0)
    places = jnp.arange(len(labels), dtype=jnp.int32)
    last = (~is_new).astype(jnp.int32)
    last, keys, places = jax.lax.sort((last, runs.keys, places), num_keys=2)
    before = jnp.concatenate([jnp.zeros(1, bool), keys[1:] == keys[:-1]])
    stands = (last == 0) & ~before
    return labels, is_new.sum(dtype=jnp.int32), jnp.where(stands, places, -1)


@jax.jit
def _taken(
    patterns: UInt32[Array, "room words"], rows: Int32[Array, " some"]
) -> UInt32[Array, "some words"]:
    """Some of the patterns."""
    return patterns[rows]


@jax.jit
def _added(
    sums: _Sums, runs: _Runs, labels: Int32[Array, " room"], start: Int64[Array, ""]
) -> _Sums:
    """The sums with the runs of one more chunk, which begins at point `start`."""
    room, lengths = len(sums.points), runs.lengths.astype(jnp.int64)
    points = jax.ops.segment_sum(lengths, labels, room)
    begins = jnp.where(lengths > 0, start + runs.begins, NEVER)
    first = jax.ops.segment_min(begins, labels, room)
    # The longest run of each pattern, of equal ones the first: both in one number.
    mask = (1 << _HALF) - 1
    codes = (lengths << _HALF) | (mask - runs.begins.astype(jnp.int64))
    best = jnp.maximum(jax.ops.segment_max(codes, labels, room), 0)
    longest, begin = best >> _HALF, start + mask - (best & mask)
    longer = longest > sums.longest
    return _Sums(
        sums.points + points,
        jnp.minimum(sums.first, first),
        jnp.where(longer, longest, sums.longest),
        jnp.where(longer, begin + longest // 2, sums.witness),
    )


@jax.jit
def _point_labels(
    begins: Bool[Array, "blocks block"], labels: Int32[Array, " room"]
) -> Int32[Array, " points"]:
    """The label of each point of a chunk, from those of its runs."""
    runs = begins.reshape(-1).cumsum(dtype=jnp.int32) - 1
    return labels[jnp.minimum(runs, len(labels) - 1)]
