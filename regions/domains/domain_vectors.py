"""What domains are made of: vectors and rows, read, checked and made rational."""

import math
import numbers
import reprlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Float64

from regions.network import (
    ArrayLike,
    ReluNetwork,
    as_array,
    as_numbers,
    fits_float64,
)

SHORT = 8
"""Numbers of a domain that are shown; of more it is said how many there are."""

_MANY = 64
"""From so many numbers on, an array is faster than a loop."""


def vector(value: ArrayLike, name: str) -> np.ndarray:
    """A read-only float64 vector, which must be finite and not empty."""
    array = exact_numbers(value, name)
    if array.ndim == 0 and name in ("lower", "upper"):
        raise ValueError(
            f"`{name}` is one number: write Box.cube(dim) for the cube from -1 to "
            "1, or one number for each axis, as in Box([-1, -1], [1, 1])."
        )
    if array.ndim != 1 or array.size == 0:
        raise ValueError(
            f"`{name}` has shape {array.shape}: a vector with at least one entry is "
            "required."
        )
    check_finite(array, name)
    array.setflags(write=False)
    return array


def exact_numbers(value: Any, name: str) -> np.ndarray:
    """A float64 copy of numbers of which none changes: what a domain is made of.

    Raises:
        ValueError: If it is none of numbers, or a fraction or integer among them is no
            float64 number. A number that is written as a float is one already.

    Example:
        >>> exact_numbers([Fraction(1, 4), 2**60], "lower").tolist()
        [0.25, 1.152921504606847e+18]
    """
    array = as_numbers(value, name)
    raw = as_array(value)
    if raw.dtype.kind in "iu" and fits_float64(raw):
        return array
    # NumPy rounds whole numbers that stand beside floats, without a word.
    if raw.dtype.kind in "iuO" or isinstance(value, list | tuple):
        for entry in np.asarray(value, object).ravel().tolist():
            if isinstance(entry, numbers.Rational) and Fraction(entry) != float(entry):
                raise ValueError(
                    f"`{name}` holds {entry}, which float64 can not represent: give "
                    f"the float64 number that you mean, such as {float(entry)!r}."
                )
    return array


def short_text(value: Any) -> str:
    """Numbers of a domain on a line: all of a few, or how many there are.

    Example:
        >>> short_text([0.0, 0.5]), short_text([0.0] * 784), short_text([[1.0, 0.0]])
        ('[0, 0.5]', '<784 numbers>', '[[1, 0]]')
    """
    if isinstance(value, dict):
        lower, upper = short_text(value["lower"]), short_text(value["upper"])
        return f"Box({lower}, {upper})"
    if isinstance(value, str):
        return value
    if np.size(value) > SHORT:
        return f"<{np.size(value)} numbers>"
    if isinstance(value, list):
        return f"[{', '.join(map(short_text, value))}]"
    return f"{value:g}"


def check_finite(array: np.ndarray, name: str) -> None:
    """Raise if `array` has a NaN or an infinity."""
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        is_end = name in ("lower", "upper")
        raise ValueError(
            f"`{name}` is {array[where]} at {where}: every entry must be finite"
            + (" (use WholeSpace for an unbounded domain)." if is_end else ".")
        )


def fractions(array: np.ndarray) -> list[Fraction]:
    """The exact values of a float64 vector."""
    return [Fraction(float(v)) for v in array]


def dyadic(
    values: Sequence[float] | Float64[np.ndarray, " numbers"],
) -> tuple[list[int], int]:
    """Integers `m` and one exponent `k >= 0` with `values = m / 2**k`, exactly.

    Example:
        >>> dyadic([0.75, -2.0])
        ([3, -8], 2)
    """
    if isinstance(values, np.ndarray) and len(values) >= _MANY:
        return _dyadic_array(values)
    ratios = [float(v).as_integer_ratio() for v in values]
    shift = max((d.bit_length() - 1 for _, d in ratios), default=0)
    return [n << (shift - d.bit_length() + 1) for n, d in ratios], shift


def _dyadic_array(values: Float64[np.ndarray, " numbers"]) -> tuple[list[int], int]:
    """The same of many numbers, in machine words as far as these reach."""
    fraction, exponent = np.frexp(values)
    mantissa = (fraction * 2.0**53).astype(np.int64)
    # Without trailing zeros, which are as many as the lowest bit says.
    zeros = np.frexp((mantissa & -mantissa).astype(np.float64))[1] - 1
    zeros = np.where(mantissa == 0, 0, zeros)
    mantissa >>= zeros
    exponent = np.where(mantissa == 0, 0, exponent - 53 + zeros).astype(np.int64)
    shift = max(0, -int(exponent.min()))
    up = exponent + shift
    if (np.frexp(mantissa.astype(np.float64))[1] + up).max() < 63:
        return (mantissa << up).tolist(), shift
    pairs = zip(mantissa.tolist(), up.tolist(), strict=True)
    return [m << u for m, u in pairs], shift


def difference(a: list[Fraction], b: list[Fraction]) -> list[Fraction]:
    """The difference of two points."""
    return [x - y for x, y in zip(a, b, strict=True)]


def unit_directions(dim: int) -> list[list[Fraction]]:
    """The directions of all axes, of two numbers that all share.

    Example:
        >>> unit_directions(2)[1]
        [Fraction(0, 1), Fraction(1, 1)]
    """
    zero, one = Fraction(0), Fraction(1)
    rows = [[zero] * dim for _ in range(dim)]
    for axis, row in enumerate(rows):
        row[axis] = one
    return rows


def check_independent(rows: list[list[Fraction]], name: str) -> None:
    """Raise if the rows are linearly dependent, decided in rational arithmetic."""
    from flint import fmpq, fmpq_mat

    entries = [fmpq(v.numerator, v.denominator) for row in rows for v in row]
    matrix = fmpq_mat(len(rows), len(rows[0]), entries)
    rank = matrix.rref()[1]
    if rank < len(rows):
        raise ValueError(
            f"`{name}` span {rank} dimension{'s' * (rank != 1)}: {len(rows)} are "
            "required, so remove or change a dependent one."
        )


def check_input_dim(ambient_dim: int, network: ReluNetwork) -> None:
    """Raise unless the network reads points of a domain's space."""
    if ambient_dim != network.input_dim:
        raise ValueError(
            f"`domain` lies in {ambient_dim} dimensions and the network reads "
            f"{network.input_dim}: they must be equal."
        )


def whole_number(value: Any, name: str, least: int = 1) -> int:
    """A whole number that is an argument.

    Args:
        value: What was given.
        name: The argument, for messages.
        least: The smallest that there can be.

    Raises:
        TypeError: If it is something else; 2.0 is, and so is True.
        ValueError: If it is too small.

    Example:
        >>> whole_number(np.int64(3), "dim")
        3
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"`{name}` is {reprlib.repr(value)}: a whole number is needed.")
    if value < least:
        raise ValueError(f"`{name}` is {value}: at least {least} is required.")
    return int(value)


def finite_number(value: float, name: str) -> float:
    """A number that is an argument, neither NaN nor infinite.

    Raises:
        ValueError: If it is one of these.

    Example:
        >>> finite_number(1, "threshold")
        1.0
    """
    if not math.isfinite(value):
        raise ValueError(f"`{name}` is {value}: a finite number is required.")
    return float(value)
