"""Volumes of polytopes with proved errors, and integrals of affine functions."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int, Int64

from regions.compiled.switch import Kernels
from regions.errors.limits import check, never, telling
from regions.polytopes.fans import kernel, ramps, sides

KERNELS = Kernels(
    "regions.polytopes.fans",
    "regions.polytopes.fans.exercise:exercise",
    speedup=100.0,
)
PLAIN_SECONDS = 5e-5
"""Plain work for each corner, about, by the power of two of the dimension."""
AT_ONCE = 32
"""Polytopes of plain work between two questions."""
SLICE = 1 << 14
"""Corners of a list between two looks at the limits."""


class Measures(NamedTuple):
    """Volumes and integrals of some polytopes.

    Attributes:
        volume: Their volumes.
        volume_error: Proved bounds of their errors.
        integral: Integrals of the powers, from the first on, of each function.
        integral_error: Proved bounds of their errors.
    """

    volume: Float64[np.ndarray, " polytopes"]
    volume_error: Float64[np.ndarray, " polytopes"]
    integral: Float64[np.ndarray, "functions powers polytopes"]
    integral_error: Float64[np.ndarray, "functions powers polytopes"]


def measured(
    end: Int[np.ndarray, " polytopes"],
    x: Float64[np.ndarray, "dim corners"],
    reach: Float64[np.ndarray, " corners"],
    zeros: Int64[np.ndarray, "words corners"],
    value: Float64[np.ndarray, "functions corners"],
    doubt: Float64[np.ndarray, "functions corners"],
    order: int,
    ask: Callable[[], object] = never,
) -> Measures:
    """Volumes of polytopes, and integrals of powers of functions affine on each.

    Args:
        end: Where the corners of each polytope end.
        x: Their positions, coordinate by coordinate.
        reach: Bounds of their errors, in every coordinate.
        zeros: Words of their zero sets, as `kernel` says.
        value: The functions at the corners.
        doubt: Bounds of their errors.
        order: The highest power.
        ask: Called before some of them; what it raises ends the work.

    Example:
        >>> x = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
        >>> sides = np.array([[0b011, 0b110, 0b101]])
        >>> f = measured(np.array([3]), x, np.zeros(3), sides, x[:1], 0.0 * x[:1], 2)
        >>> f.volume.tolist(), f.integral.round(9).tolist()
        ([2.0], [[[1.333333333], [1.333333333]]])
    """
    number, functions = len(end), len(value)
    room = kernel.make_room(len(x), _most(end), len(zeros), order)
    volume, off = np.zeros(number), np.zeros(number)
    total, wide = np.zeros((2, functions, order, number))
    found = Measures(volume, off, total, wide)
    module = KERNELS.load("compiled", ahead=_plain_seconds(x))
    run = kernel.measure if module is None else module.measure
    for part, own in _in_steps(end, module is None, ask):
        with np.errstate(all="ignore"), KERNELS.plain_work(module):
            run(
                _polytopes(end, x, reach, zeros, part, own),
                (value[:, own], doubt[:, own]),
                order,
                room,
                tuple(array[..., part] for array in found),
            )
    return found


def measured_ramps(
    end: Int[np.ndarray, " polytopes"],
    x: Float64[np.ndarray, "dim corners"],
    reach: Float64[np.ndarray, " corners"],
    zeros: Int64[np.ndarray, "words corners"],
    form: Float64[np.ndarray, "dim_1 units polytopes"],
    doubt: Float64[np.ndarray, "units polytopes"],
    weights: Float64[np.ndarray, " units"],
    slopes: Float64[np.ndarray, " units"],
    order: int,
    ask: Callable[[], object] = never,
) -> Measures:
    """Volumes of polytopes, and integrals of a sum of ramps, which may bend inside.

    Args:
        end: Where the corners of each polytope end.
        x: Their positions, coordinate by coordinate, with |x| <= 1.
        reach: Bounds of their errors, in every coordinate.
        zeros: Words of their zero sets, as `kernel` says.
        form: The argument of each ramp on each polytope: gradient, then offset.
        doubt: Bounds of the sum of the errors of these numbers.
        weights: What each ramp is multiplied by, up to a rounding.
        slopes: Its slope where the argument is negative.
        order: The highest power of the sum, 1 or 2.
        ask: Called before some of them; what it raises ends the work.

    Returns:
        Of one function.

    Example:
        >>> x = np.array([[-1.0, 1.0, -1.0, 1.0], [-1.0, -1.0, 1.0, 1.0]])
        >>> sides = np.array([[0b0011, 0b0110, 0b1001, 0b1100]])
        >>> polytope = np.array([4]), x, np.zeros(4), sides
        >>> g = np.array([[[1.0]], [[0.0]], [[0.0]]]), np.zeros((1, 1))
        >>> f = measured_ramps(*polytope, *g, np.ones(1), np.zeros(1), 2)
        >>> f.volume.tolist(), f.integral.round(9).tolist()
        ([4.0], [[[1.0], [0.666666667]]])
    """
    number, dim, most = len(end), len(x), _most(end)
    # All of a polytope's numbers side by side.
    numbers = np.ascontiguousarray(form.transpose(2, 0, 1))
    doubts = np.ascontiguousarray(doubt.T)
    room = kernel.make_room(dim, most, len(zeros), 1)
    values = ramps.make_values(dim, most, len(weights))
    found = Measures(*np.zeros((2, number)), *np.zeros((2, 1, order, number)))
    sizes = np.abs(weights) * (1.0 + np.abs(slopes))
    module = KERNELS.load("compiled", ahead=_plain_seconds(x))
    run = ramps.measure_ramps if module is None else module.measure_ramps
    for part, own in _in_steps(end, module is None, ask):
        with np.errstate(all="ignore"), KERNELS.plain_work(module):
            run(
                _polytopes(end, x, reach, zeros, part, own),
                (numbers[part], doubts[part], weights, slopes, sizes),
                room,
                *values,
                (*(v[part] for v in found[:2]), *(v[0, :, part] for v in found[2:])),
            )
    return found


def measured_sides(
    end: Int[np.ndarray, " polytopes"],
    x: Float64[np.ndarray, "dim corners"],
    reach: Float64[np.ndarray, " corners"],
    zeros: Int64[np.ndarray, "words corners"],
    value: Float64[np.ndarray, " corners"],
    doubt: Float64[np.ndarray, " corners"],
    ask: Callable[[], object] = never,
) -> tuple[Measures, Measures]:
    """Of polytopes the parts where a function is positive, and where it is not.

    Args:
        end: Where the corners of each polytope end.
        x: Their positions, coordinate by coordinate.
        reach: Bounds of their errors, in every coordinate.
        zeros: Words of their zero sets, as `kernel` says.
        value: A function that is affine on each, at the corners.
        doubt: Bounds of its errors.
        ask: Called before some of them; what it raises ends the work.

    Returns:
        Of each part the volume, and the integral of every coordinate.

    Example:
        >>> x = np.array([[-1.0, 3.0, -1.0], [0.0, 0.0, 4.0]])
        >>> triangle = np.array([3]), x, np.zeros(3), np.array([[0b011, 0b110, 0b101]])
        >>> above, below = measured_sides(*triangle, x[0], np.zeros(3))
        >>> above.volume.round(9).tolist(), below.volume.round(9).tolist()
        ([4.5], [3.5])
    """
    number, dim = len(end), len(x)
    room, divided = (
        kernel.make_room(dim, _most(end), len(zeros), 1),
        sides.make_divided(dim),
    )
    volume, off = np.zeros((2, 2, number))
    total, wide = np.zeros((2, 2, dim, number))
    module = KERNELS.load("compiled", ahead=_plain_seconds(x))
    run = sides.measure_sides if module is None else module.measure_sides
    for part, own in _in_steps(end, module is None, ask):
        with np.errstate(all="ignore"), KERNELS.plain_work(module):
            run(
                _polytopes(end, x, reach, zeros, part, own),
                (value[own], doubt[own]),
                room,
                divided,
                tuple(array[..., part] for array in (volume, off, total, wide)),
            )
    above, below = (
        Measures(volume[k], off[k], total[k, :, None], wide[k, :, None])
        for k in range(2)
    )
    return above, below


def _most(end: Int[np.ndarray, " polytopes"]) -> int:
    """Corners of the polytope that has most."""
    return int(np.diff(end, prepend=0).max(initial=0))


def _plain_seconds(x: Float64[np.ndarray, "dim corners"]) -> float:
    """Time that plain code takes for polytopes with these corners, about."""
    return PLAIN_SECONDS * x.shape[1] * (1 << len(x))


def _in_steps(
    end: Int[np.ndarray, " polytopes"], is_plain: bool, ask: Callable[[], object]
) -> Iterator[tuple[slice, slice]]:
    """Some polytopes at a time, with their corners; asks before each."""
    step = AT_ONCE if is_plain else max(1, len(end))
    for first in range(0, len(end), step):
        ask()
        last = min(len(end), first + step)
        begin = int(end[first - 1]) if first else 0
        yield slice(first, last), slice(begin, int(end[last - 1]))


def _polytopes(
    end: np.ndarray,
    x: np.ndarray,
    reach: np.ndarray,
    zeros: np.ndarray,
    part: slice,
    own: slice,
) -> tuple[np.ndarray, ...]:
    """Some polytopes by themselves, as the loops take them."""
    ends = (end[part] - own.start).astype(np.int64)
    return ends, x[:, own], reach[own], zeros[:, own]


def list_volumes(
    offsets: Int[np.ndarray, " polytopes_1"],
    points: Float64[np.ndarray, "corners dim"],
    zeros: Int64[np.ndarray, "words corners"],
) -> Float64[np.ndarray, " polytopes"]:
    """Volumes of the polytopes of a long list, in float64.

    Args:
        offsets: Where the corners of each begin, and where the last ones end.
        points: The corners of all, one after another.
        zeros: Words of their zero sets.
    """
    number = len(offsets) - 1
    volumes = np.zeros(number)
    done, step = 0, max(1, SLICE * number // max(1, len(points)))
    none = np.zeros((0, len(points)))
    with telling(
        lambda: f"{done} of {number} volumes are known", lambda: volumes[:done]
    ):
        while done < number:
            check()
            last = min(number, done + step)
            own = slice(int(offsets[done]), int(offsets[last]))
            part, size = points[own], np.ptp(points[own], axis=0)
            # Thin polytopes keep their precision in a unit box.
            unit = np.where(size > 0.0, np.ldexp(1.0, np.frexp(size)[1]), 1.0)
            x = np.ascontiguousarray((part / unit).T)
            words = np.ascontiguousarray(zeros[:, own])
            end = offsets[done + 1 : last + 1] - offsets[done]
            reach, functions = np.zeros(len(part)), none[:, own]
            found = measured(end, x, reach, words, functions, functions, 0)
            volumes[done:last] = found.volume * unit.prod()
            done = last
    return volumes


def words_of_rows(
    end: Int[np.ndarray, " polytopes"],
    members: Int[np.ndarray, " incidences"],
    rows: Int[np.ndarray, "corners count"],
) -> Int64[np.ndarray, "words incidences"]:
    """Zero sets of the corners of polytopes, from the numbers of rows at each.

    Args:
        end: Where the corners of each polytope end.
        members: Its corners.
        rows: The rows that vanish at each corner, as many at all.
    """
    module = KERNELS.load("compiled", ahead=PLAIN_SECONDS * len(members))
    run = kernel.local_words if module is None else module.local_words
    words = 1
    while True:
        found = np.zeros((words, len(members)), np.int64)
        names = np.zeros(64 * words, np.int64)
        with KERNELS.plain_work(module):
            if run(end.astype(np.int64), members, rows.astype(np.int64), found, names):
                return found
        words *= 2
