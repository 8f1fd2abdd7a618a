"""The characteristic polynomial of a hyperplane arrangement, exactly."""

import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from regions.domains.shapes import WholeSpace
from regions.enumeration.restriction.betti import arrangement_betti
from regions.enumeration.restriction.hyperplanes import (
    distinct_hyperplanes,
    integer_rows,
)
from regions.enumeration.restriction.layer import layer_rows, num_kinked_layers
from regions.errors.limits import check, telling
from regions.models import NetworkLike, as_network


@dataclasses.dataclass(frozen=True, slots=True)
class CharacteristicPolynomial:
    """`chi(t)` of an arrangement of hyperplanes in R^dim.

    Attributes:
        dim: Dimension of the space, the degree of the polynomial.
        betti: Absolute values of the coefficients, of `t^dim` first; as many as the
            rank of the normals and one. Signs alternate.

    Example:
        >>> chi = characteristic_polynomial([[1, 0, 0], [0, 1, 0], [1, 1, -1]])
        >>> print(chi)
        t^2 - 3t + 3
        >>> chi.regions, chi.bounded_regions, chi(2)
        (7, 1, 1)
    """

    dim: int
    betti: tuple[int, ...]

    @property
    def coefficients(self) -> tuple[int, ...]:
        """Coefficients of `t^dim`, ..., `t^0`."""
        signed = [b if k % 2 == 0 else -b for k, b in enumerate(self.betti)]
        return (*signed, *[0] * (self.dim + 1 - len(signed)))

    @property
    def regions(self) -> int:
        """Number of regions, `|chi(-1)|` (Zaslavsky 1975)."""
        return sum(self.betti)

    @property
    def bounded_regions(self) -> int:
        """Number of bounded regions: `|chi(1)|`, or 0 if normals do not span."""
        if len(self.betti) <= self.dim:
            return 0
        return abs(self(1))

    def __call__(self, t: int) -> int:
        """Value at `t`."""
        value = 0
        for coefficient in self.coefficients:
            value = value * t + coefficient
        return value

    def __str__(self) -> str:
        terms = []
        for k, value in enumerate(self.coefficients):
            if value == 0:
                continue
            power = self.dim - k
            name = {0: "", 1: "t"}.get(power, f"t^{power}")
            size = "" if abs(value) == 1 and power else str(abs(value))
            sign = (
                ("-" if value < 0 else "")
                if not terms
                else " - "
                if value < 0
                else " + "
            )
            terms.append(f"{sign}{size}{name}")
        return "".join(terms)


def characteristic_polynomial(
    arrangement: NetworkLike | Sequence[Sequence[Any]] | np.ndarray,
) -> CharacteristicPolynomial:
    """The characteristic polynomial of the hyperplanes of one layer, or of rows.

    By deletion and restriction, in integers: nothing is rounded. Hyperplanes that are
    given several times count once, and rows without normal never.

    Args:
        arrangement: A network whose only units with a kink lie in one layer that is
            affine in the input; or rows `(normal, offset)` of integers, floats (taken
            as they are) or fractions, for the hyperplanes `normal . x + offset = 0`.

    Raises:
        ValueError: If the network has kinks in several layers, or the rows are empty,
            of different lengths or not finite.
        LimitError: If a limit of `regions.limited` fell.

    Example:
        >>> braid = [[1, -1, 0, 0], [1, 0, -1, 0], [0, 1, -1, 0]]
        >>> print(characteristic_polynomial(braid))
        t^3 - 3t^2 + 2t

    References:
        T. Zaslavsky, Facing up to arrangements, Memoirs of the AMS 154, 1975.
    """
    if isinstance(arrangement, str) or not isinstance(
        arrangement, Sequence | np.ndarray
    ):
        arrangement = as_network(arrangement, "arrangement")
        domain = WholeSpace(arrangement.input_dim)
        layers = num_kinked_layers(arrangement)
        if layers > 1:
            raise ValueError(
                f"`arrangement` is a network, and that has kinks in {layers} layers, "
                "of which an arrangement has one: use `count_regions`."
            )
        rows, dim = layer_rows(arrangement, domain), domain.dim
    else:
        rows = _checked(arrangement)
        dim = len(rows[0]) - 1
    betti = arrangement_betti(distinct_hyperplanes(rows), _go_on, _tell_nobody)
    return CharacteristicPolynomial(dim, tuple(betti.numbers))


def _checked(rows: Sequence[Sequence[Any]] | np.ndarray) -> list[list[int]]:
    """Rows of numbers as integer rows."""
    listed = [list(row) if np.ndim(row) else [] for row in rows]
    if not listed or len(listed[0]) < 2:
        raise ValueError(
            "`arrangement` has no rows of two numbers or more: rows (normal, offset) "
            "are required."
        )
    for k, row in enumerate(listed):
        if len(row) != len(listed[0]):
            raise ValueError(
                f"`arrangement[{k}]` has {len(row)} entries and `arrangement[0]` has "
                f"{len(listed[0])}: they must be equal."
            )
        bad = [v for v in row if not isinstance(v, Fraction) and not math.isfinite(v)]
        if bad:
            raise ValueError(
                f"`arrangement[{k}]` holds {bad[0]}: every number must be finite."
            )
    return integer_rows([[_exact(v) for v in row] for row in listed])


def _exact(value: Any) -> Fraction:
    """A number of Python or NumPy as it is."""
    return (
        value
        if isinstance(value, Fraction)
        else Fraction(int(value) if isinstance(value, np.integer) else value)
    )


def _go_on(regions: int) -> bool:
    """A polynomial is counted to its end, or not at all."""
    with telling(lambda: f"{regions} regions are counted", lambda: regions):
        check()
    return False


def _tell_nobody(share: float) -> None:
    """Progress in which no one is interested."""
    del share
