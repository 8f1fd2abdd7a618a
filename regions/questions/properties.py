"""What a network must not do on a domain, as sets of inputs and outputs."""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq

from regions.domains.shapes import BoundedDomain, Box
from regions.errors.arguments import found, kinds_checked
from regions.errors.short_text import short_repr
from regions.network import ArrayLike, ReluNetwork, as_array, as_numbers
from regions.questions.problem import Goal, Linear, Problem
from regions.signs.exact import dot, to_fmpq


class Row(NamedTuple):
    """The condition `inputs . x + outputs . y <= bound`; no weights stand for zeros."""

    inputs: tuple[Fraction, ...]
    outputs: tuple[Fraction, ...]
    bound: Fraction


@dataclasses.dataclass(frozen=True, slots=True)
class Property:
    """A set of inputs and outputs that a network must avoid.

    Attributes:
        unsafe: Alternatives; each is a list of rows that hold together.
        strict: Whether points at which a row holds with equality are safe.
        box: Both ends of every input of which it speaks, where these are no float64
            numbers: a part of the domain. Empty for the whole domain.

    Example:
        >>> Property.bounds([[1.0]], [2.0]).unsafe  # y <= 2: unsafe where -y < -2
        ((Row(inputs=(), outputs=(Fraction(-1, 1),), bound=Fraction(-2, 1)),),)
    """

    unsafe: tuple[tuple[Row, ...], ...]
    strict: bool = False
    box: tuple[tuple[Fraction, Fraction], ...] = ()

    __repr__ = short_repr

    @classmethod
    def bounds(cls, A: ArrayLike, b: ArrayLike) -> "Property":
        """The outputs satisfy `A y <= b`.

        Raises:
            ValueError: If the shapes do not fit, or a number is not finite.
        """
        rows, right = as_numbers(A, "A"), as_numbers(b, "b")
        if rows.ndim != 2 or right.shape != (len(rows),) or not len(rows):
            raise ValueError(
                f"`A` has shape {rows.shape} and `b` {right.shape}: (rows, outputs) "
                "and (rows,) are required."
            )
        if not (np.isfinite(rows).all() and np.isfinite(right).all()):
            raise ValueError("`A` or `b` holds a number that is not finite.")
        # Of what was given nothing is rounded, be it rational.
        pairs = zip(as_array(A).tolist(), as_array(b).tolist(), strict=True)
        return cls(
            tuple(
                (Row((), tuple(-Fraction(v) for v in row), -Fraction(end)),)
                for row, end in pairs
            ),
            strict=True,
        )

    @classmethod
    @kinds_checked
    def largest(cls, label: int, outputs: int) -> "Property":
        """No other output exceeds that of a class.

        Raises:
            ValueError: If there is no such output, or no other.
        """
        if outputs < 2 or not 0 <= label < outputs:
            raise ValueError(
                f"`label` is {label} and there are {outputs} outputs: a class of at "
                "least two is required."
            )
        rows = []
        for other in range(outputs):
            if other != label:
                weights = [Fraction(0)] * outputs
                weights[label], weights[other] = Fraction(1), Fraction(-1)
                rows.append((Row((), tuple(weights), Fraction(0)),))
        return cls(tuple(rows), strict=True)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, numbers as texts."""
        rows = [
            [
                {
                    "inputs": [str(v) for v in row.inputs],
                    "outputs": [str(v) for v in row.outputs],
                    "bound": str(row.bound),
                }
                for row in part
            ]
            for part in self.unsafe
        ]
        held: dict[str, Any] = {"unsafe": rows, "strict": self.strict}
        if self.box:
            held["box"] = [[str(low), str(high)] for low, high in self.box]
        return held

    def check(self, network: ReluNetwork) -> None:
        """Raise unless it speaks of this network's inputs and outputs.

        Raises:
            TypeError: If a row is none.
            ValueError: If not, or if an alternative has no rows.
        """
        if not self.unsafe or not all(self.unsafe):
            raise ValueError(
                "the property has no alternatives, or one without rows: at least one "
                "row in each is required."
            )
        for row in (row for rows in self.unsafe for row in rows):
            if not isinstance(row, Row):
                raise TypeError(
                    f"a row of the property is {found(row)}: Row(inputs, outputs, "
                    "bound) is required, of regions.questions.properties; "
                    "Property.bounds makes them."
                )
            for name, weights, count in (
                ("inputs", row.inputs, network.input_dim),
                ("outputs", row.outputs, network.output_dim),
            ):
                if len(weights) not in (0, count):
                    raise ValueError(
                        f"the property speaks of {len(weights)} {name} and the network "
                        f"has {count}: they must be equal."
                    )

    def problem(self, network: ReluNetwork, domain: BoundedDomain) -> Problem:
        """Its goals on the domain, or on its own box.

        Raises:
            ValueError: If its box is no part of the domain.
        """
        problem = Problem(network, domain, self.goals(network, domain))
        if self.box:
            low, high = (
                list(map(to_fmpq, ends)) for ends in zip(*self.box, strict=True)
            )
            if not (isinstance(domain, Box) and _is_within(low, high, problem)):
                raise ValueError(
                    "the property has a box of its own, which is no part of the "
                    "domain: ask about the domain that its file brings."
                )
            problem.low, problem.high = low, high
        return problem

    def goals(self, network: ReluNetwork, domain: BoundedDomain) -> list[Goal]:
        """The least slack of each alternative: unsafe where it is not negative."""
        return [
            tuple(_slack(row, network, domain) for row in rows) for rows in self.unsafe
        ]


def _is_within(low: Sequence[fmpq], high: Sequence[fmpq], problem: Problem) -> bool:
    """Whether a box lies in that of a problem."""
    if len(low) != problem.dim:
        return False
    ends = zip(problem.low, low, high, problem.high, strict=True)
    return all(first <= a <= b <= last for first, a, b, last in ends)


def _slack(row: Row, network: ReluNetwork, domain: BoundedDomain) -> Linear:
    """`bound - inputs . x - outputs . y` in the chart of a domain."""
    outputs = row.outputs or (Fraction(0),) * network.output_dim
    negative = tuple(-w for w in outputs)
    if not any(row.inputs):
        return Linear(negative, (), row.bound)
    if domain.is_chart_identity:
        return Linear(negative, tuple(-v for v in row.inputs), row.bound)
    origin, directions = domain.rational_chart()
    return Linear(
        negative,
        tuple(-dot(row.inputs, direction) for direction in directions),
        row.bound - dot(row.inputs, origin),
    )
