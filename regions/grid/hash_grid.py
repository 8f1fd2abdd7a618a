"""Activation regions met by a dense grid: fast, and always a lower bound.

The accelerator evaluates the pattern kernel at one chunk of points after another and
marks where the pattern differs from that of the point before. Patterns are numbered at
those places only, on the device that found them (`device_tally`) or, where memory is
the host's, on the host, so that memory is fixed however fine the grid.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float64, Int, Int32, Int64, UInt8, UInt32

from regions.domains.domain_vectors import whole_number
from regions.domains.shapes import Box, Domain, Segment, Slice, WholeSpace
from regions.errors.arguments import kinds_checked
from regions.errors.limits import asking, hearing_by_itself, limited, never
from regions.grid.device_tally import CollisionError, DeviceTally
from regions.grid.kernel import Axes as Axes, Piece, grid_axes, runs_of, stream
from regions.grid.pattern_table import PatternTable
from regions.grid.processes import gather
from regions.grid.tally import Tally
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.patterns.kernel import random_hash_words
from regions.patterns.packing import num_words, words_to_bytes
from regions.signs.inside import inside_domain
from regions.signs.strictness import are_strict

Progress = Callable[[int, int], None]

MAX_POINTS = 2**63 - 1
"""Points are numbered by signed integers of 64 bits."""

MAX_AXES = 64
"""NumPy has no arrays of more."""

CUT_CHUNK = 1 << 18
"""Points that are held against the rows of a domain at once."""

DEFAULT_RESOLUTION = 1024
DEFAULT_POINTS = 2**24
"""A default grid has at most so many points and `DEFAULT_RESOLUTION` per axis."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class GridCount:
    """Patterns met by a grid; labels number them in order of first appearance.

    Attributes:
        count: Patterns with a strict witness: a lower bound of the number of activation
            regions, `int(grid)`. It is the number of labels but for rare ties.
        labels: Label of each grid point, axis k along coordinate k of the domain (for
            an image with rows along y, transpose), or None if not asked for; -1 at
            points that were not reached.
        patterns: Packed pattern of each label (`regions.patterns.packing.unpack_bits`).
        points_per_label: Number of grid points of each label.
        witnesses: A grid point of each label, in coordinates of the domain, in the
            middle of a longest run of it along the last axis.
        strict: Whether the witness, evaluated again in float64, has the pattern with no
            unit at zero. (A unit that is constant on the region is no tie.) A pattern
            met only on a boundary may belong to no region, and is not counted.
        resolution: Points per axis.
        num_bits: Length of a pattern.
        collisions: Patterns whose hash was another pattern's: found, and kept apart.
        stopped: Whether it was stopped after some of the points.
        settled: Points that float32 left open, and float64 settled.

    Example:
        >>> from regions.network import ReluNetwork
        >>> from regions.domains.shapes import Box
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> grid = hash_grid(net, Box.cube(2), resolution=8)
        >>> int(grid), grid.labels.shape, grid.points_per_label.tolist()
        (4, (8, 8), [16, 16, 16, 16])
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
    stopped: bool = False
    settled: int = 0

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.resolution))
        return f"GridCount({self.count} patterns on {shape} points, a lower bound)"

    @property
    def complete(self) -> bool:
        """Always false: a grid cannot know what lies between its points."""
        return False

    def __int__(self) -> int:
        return self.count


@kinds_checked
def hash_grid(
    network: NetworkLike,
    domain: DomainLike,
    resolution: int | Sequence[int] | None = None,
    *,
    offset: float = 0.5,
    labels: bool = True,
    dtype: str = "float64",
    chunk: int | None = None,
    hash_words: UInt32[np.ndarray, "bits lanes"] | None = None,
    together: bool = False,
    max_seconds: float | None = None,
    stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
) -> GridCount:
    """Find the distinct activation patterns on a dense grid.

    Points are spread over all local devices of JAX. Labels and patterns depend neither
    on their number, nor on that of the processes, nor on `chunk`, nor on the hash.

    Args:
        network: The network.
        domain: A bounded domain; the grid is in its coordinates. In a Simplex, an
            HPolytope or a Ball it is that of the box around, and points that are not
            proved to lie inside count for nothing and have the label -1.
        resolution: Grid points along each axis: one number for all, or one per axis;
            `default_resolution` of the dimension if None. At most `MAX_POINTS` in all.
        offset: Place of a point in its pixel: 0.5 is the middle; with 0 point i is
            `lower + i * (upper - lower) / resolution`, and the upper end is left out.
        labels: Whether to return a label for each point, 4 bytes each.
        dtype: Arithmetic: `"float64"`, or `"float32"`, which is faster on a GPU and
            finds the same: points that lie within its rounding error of a boundary
            are settled in float64 (`settled` says how many; in networks of some tens
            of layers they are nearly all).
        chunk: Points per step, rounded up to fill the devices evenly; None for a
            number that suits the devices.
        hash_words: Two uint32 multipliers per bit; random odd ones if None.
        together: Share the points with the other processes that
            `regions.grid.processes.join_processes` joined. All have to make the same
            call, and all get the same result.
        max_seconds: End after this time, after a chunk; what was met so far is
            returned. Processes that share the points cannot: they wait for one another.
        stop: Asked after each chunk whether to end likewise.
        progress: Called with (points done, points in all) after each chunk; those of
            this process, if there are others.

    Returns:
        The patterns met. `count` is a lower bound, whatever the resolution, within the
        limits of float64: where boundaries meet within its rounding error, a point may
        get a pattern that no region has.

    Raises:
        ValueError: If the domain has no grid, an argument is out of range, or the
            points are too many to number, or their labels for the memory.

    Example:
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([np.eye(2), np.ones((1, 2))], None)
        >>> hash_grid(net, Box.cube(2), 4).count
        4
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    shape = grid_shape(domain, resolution)
    _check_options(dtype, offset, chunk)
    for name, value in (("stop", stop), ("max_seconds", max_seconds)):
        if together and value is not None:
            raise ValueError(
                f"`{name}` is given with `together`: leave one of them out."
            )
    restricted = domain.restrict(network)
    axes = grid_axes(_chart_box(domain), shape, offset)
    if hash_words is None:
        hash_words = random_hash_words(network.num_bits)
    shape_of_words = getattr(hash_words, "shape", None)
    if shape_of_words != (network.num_bits, 2):
        raise ValueError(
            f"`hash_words` has shape {shape_of_words}: two words for each of "
            f"{network.num_bits} bits are required."
        )
    table = PatternTable(num_words(restricted.num_bits), hash_words)
    points = _share(math.prod(shape), together)
    is_cut = not isinstance(domain, Box | Segment | Slice)
    image = _image(len(points) if labels or is_cut else 0)
    pieces = stream(restricted, axes, dtype, chunk, points)
    with limited(max_seconds=max_seconds, stop=stop or never):
        is_over = never if together else asking()
    # What it met it proves, and returns.
    with hearing_by_itself():
        tally, done, settled = _collect(
            pieces, points, table, hash_words, image, progress, is_over
        )
    image[done:] = -1
    if together:
        table, tally, image = _put_together(table, tally, image, hash_words)
        settled = sum(int(part[0]) for part in gather(np.array([settled])))
    order = np.argsort(tally.first)
    if (labels or is_cut) and (order != np.arange(len(order))).any():
        _relabel(image[:done], np.argsort(order).astype(np.int32))
    each, places = tally.points[order], tally.witness[order]
    if is_cut:
        order_inside, each, places = _cut_out(image, axes, domain)
        order = order[order_inside]
    packed = words_to_bytes(table.words[order], restricted.num_bits)
    witnesses = _points_of(axes, places)
    strict = are_strict(restricted, packed, witnesses)
    return GridCount(
        count=int(strict.sum()),
        labels=image.reshape(shape) if labels else None,
        patterns=packed,
        points_per_label=each,
        witnesses=witnesses,
        strict=strict,
        resolution=shape,
        num_bits=restricted.num_bits,
        collisions=table.collisions,
        stopped=done < len(points),
        settled=settled,
    )


def _points_of(
    axes: Axes, places: Int64[np.ndarray, " points"]
) -> Float64[np.ndarray, "points dim"]:
    """The grid points of some numbers."""
    where = np.unravel_index(places, tuple(map(len, axes)))
    return np.stack([a[i] for a, i in zip(axes, where, strict=True)], 1)


def _cut_out(
    image: Int32[np.ndarray, " points"], axes: Axes, domain: Domain
) -> tuple[np.ndarray, Int64[np.ndarray, " labels"], Int64[np.ndarray, " labels"]]:
    """Leave the points inside a domain, in place, with labels in order of appearance.

    Returns:
        The former number of each label, how many points it has, and one of them.
    """
    for start in range(0, len(image), CUT_CHUNK):
        part = np.arange(start, min(start + CUT_CHUNK, len(image)))
        image[part[~inside_domain(_points_of(axes, part), domain)]] = -1
    places = np.flatnonzero(image >= 0)
    former, first, number, each = np.unique(
        image[places], return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    image[places] = np.argsort(order)[number].astype(np.int32)
    # One in the middle of each label's points.
    sorted_ = places[np.argsort(number, kind="stable")]
    middle = sorted_[np.cumsum(each) - each + each // 2]
    return former[order], each[order].astype(np.int64), middle[order]


class _Collected(NamedTuple):
    """What the points done so far have in common with all points of the grid.

    Attributes:
        tally: Tally of each number in the pattern table.
        done: Points done.
        settled: Points settled in float64.
    """

    tally: Tally
    done: int
    settled: int


def _collect(
    pieces: Iterable[Piece],
    points: range,
    table: PatternTable,
    hash_words: UInt32[np.ndarray, "bits lanes"],
    image: Int32[np.ndarray, " points"],
    progress: Progress | None,
    stop: Callable[[], bool],
) -> _Collected:
    """Number the patterns of all pieces, and put their numbers into the image."""
    tally, device, settled, done = Tally(), None, 0, 0
    for piece in pieces:
        inside, labels = piece.stop - piece.start, None
        if device is None and done == 0 and numbers_on_device(piece):
            device = DeviceTally(table, hash_words)
        if device is not None:
            try:
                labels = device.add(piece.words, piece.begins, piece.start, inside)
            except CollisionError:  # The host goes on with what there is.
                tally, device = device.tally(), None
        if labels is None:
            labels = _tallied_on_host(piece, table, tally)
        settled, done = settled + piece.settled, piece.stop - points.start
        if len(image):
            image[done - inside : done] = np.asarray(labels)[:inside]
        if progress is not None:
            progress(done, len(points))
        if stop():
            break
    return _Collected(tally if device is None else device.tally(), done, settled)


def numbers_on_device(piece: Piece) -> bool:
    """Whether patterns are numbered where they are: on accelerators."""
    return not piece.on_host


def _tallied_on_host(
    piece: Piece, table: PatternTable, tally: Tally
) -> Int64[np.ndarray, " points"]:
    """The label of each point of a piece, numbered and tallied on the host."""
    runs = runs_of(piece)
    found = table.locate(runs.words)
    lengths = np.diff(runs.begins, append=piece.stop - piece.start)
    tally.add(found, piece.start + runs.begins, lengths, len(table))
    return np.repeat(found, lengths)


def _share(total: int, together: bool) -> range:
    """The points that this process evaluates."""
    if not together:
        return range(total)
    process, processes = jax.process_index(), jax.process_count()
    return range(process * total // processes, (process + 1) * total // processes)


def _put_together(
    table: PatternTable,
    tally: Tally,
    image: Int32[np.ndarray, " points"],
    hash_words: UInt32[np.ndarray, "bits lanes"],
) -> tuple[PatternTable, Tally, Int32[np.ndarray, " all_points"]]:
    """What all processes found; they own stretches of points, in their order."""
    merged, together, images = (
        PatternTable(table.words.shape[1], hash_words),
        Tally(),
        [],
    )
    shares = zip(
        gather(table.words), gather(tally.to_array()), gather(image), strict=True
    )
    for words, numbers, part in shares:
        found = merged.locate(words)
        together.add_tally(found, Tally.from_array(numbers), len(merged))
        images.append(found[part].astype(np.int32))
    return merged, together, np.concatenate(images)


def boundary_pixels(
    labels: Int[np.ndarray | Array, "x y"],
) -> Bool[np.ndarray | Array, "x y"]:
    """The pixels of a label image one of whose 4-neighbors has another label.

    The answer is where the labels are: on the device, or on the host.
    """
    xp: Any = labels.__array_namespace__()
    down, right = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    across = xp.pad(down, ((1, 0), (0, 0))) | xp.pad(down, ((0, 1), (0, 0)))
    return across | xp.pad(right, ((0, 0), (1, 0))) | xp.pad(right, ((0, 0), (0, 1)))


def default_resolution(dim: int) -> int:
    """Points per axis of a default grid: 1024, or fewer, for 2^24 points at most.

    Raises:
        ValueError: If two points per axis are too many.

    Example:
        >>> [default_resolution(dim) for dim in (1, 2, 3, 4, 24)]
        [1024, 1024, 256, 64, 2]
    """
    resolution = DEFAULT_RESOLUTION
    while resolution**dim > DEFAULT_POINTS:
        resolution -= 1
    if resolution < 2:
        raise ValueError(
            f"no default grid in {dim} dimensions: two points per axis make 2^{dim}, "
            f"and it has at most {DEFAULT_POINTS:,}. Take a Slice of fewer dimensions, "
            "or give a `resolution`."
        )
    return resolution


def grid_shape(
    domain: Domain, resolution: int | Sequence[int] | None = None
) -> tuple[int, ...]:
    """Points per axis of the grid that `hash_grid` takes with these arguments.

    Raises:
        ValueError: If the domain has no grid, the resolution does not fit it, or the
            points cannot be numbered.
    """
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        raise ValueError(
            f"`domain` is a {type(domain).__name__}, without bounds: a grid needs a "
            "bounded one, such as a Box around what you want to see."
        )
    if resolution is None:
        resolution = default_resolution(domain.dim)
    given: Any = resolution
    each = list(given) if hasattr(given, "__len__") else [given] * domain.dim
    shape = tuple(whole_number(r, "resolution", 1) for r in each)
    if len(shape) != domain.dim or not all(0 < r < 2**30 for r in shape):
        raise ValueError(
            f"`resolution` is {resolution}: {domain.dim} numbers of points, one per "
            "axis of the domain and each from 1 to 2^30 - 1, or one for all, are "
            "required."
        )
    _check_size(shape, resolution)
    return shape


def _check_size(shape: tuple[int, ...], resolution: int | Sequence[int]) -> None:
    """Raise unless the points can be numbered."""
    total = math.prod(shape)
    if total > MAX_POINTS:
        # Python refuses to write out integers of thousands of digits.
        digits = math.floor(math.log10(total))
        many = f"{total:,}" if digits < 30 else f"about 10^{digits}"
        raise ValueError(
            f"`resolution` is {resolution}: {many} points in {len(shape)} dimensions, "
            f"where {MAX_POINTS:,} (2^63 - 1) are possible: lower it, or take a Slice "
            "of fewer dimensions."
        )
    if len(shape) > MAX_AXES:
        raise ValueError(
            f"`domain` has {len(shape)} dimensions and a grid at most {MAX_AXES}: take "
            "a Slice of fewer dimensions."
        )


def _image(points: int) -> Int32[np.ndarray, " points"]:
    """Room for a label of each point."""
    try:
        return np.empty(points, np.int32)
    except (MemoryError, ValueError) as error:
        raise ValueError(
            f"`labels` of {points:,} points take {4 * points:,} bytes, more memory "
            "than there is: leave them out, or lower `resolution`."
        ) from error


def _check_options(dtype: str, offset: float, chunk: int | None) -> None:
    """Raise unless the options of `hash_grid` are in range."""
    if dtype not in ("float32", "float64"):
        raise ValueError(f"`dtype` is {dtype!r}: 'float32' or 'float64' is required.")
    if not 0.0 <= offset <= 1.0:
        raise ValueError(f"`offset` is {offset}: a number from 0 to 1 is required.")
    if chunk is not None and not 0 < chunk < 2**30:
        raise ValueError(f"`chunk` is {chunk}: 1 to 2^30 - 1 points are required.")


def _chart_box(domain: Domain) -> Box:
    """The box of the domain's coordinates."""
    assert not isinstance(domain, WholeSpace)
    domain = domain.chart_box()
    with np.errstate(over="ignore"):
        if not np.isfinite(domain.upper - domain.lower).all():
            raise ValueError(
                "`domain` is wider than float64 holds: take a smaller box."
            )
    return domain


def _relabel(image: Int32[np.ndarray, " points"], new: Int32[np.ndarray, " labels"]):
    """Replace each label by `new[label]`, in place and in parts."""
    for start in range(0, len(image), 2**20):
        part = image[start : start + 2**20]
        part[:] = new[part]
