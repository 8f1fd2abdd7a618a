"""Integrals over a disc: of the pieces of a square, the parts that lie in it.

The square around a disc has the same chart, and its pieces cover those of the disc. A
part of one is bounded by arcs, over which integrals are no rational numbers: they come
as intervals, proved on both ends, of some forty digits.
"""

import math
from fractions import Fraction
from typing import Any, NamedTuple

from flint import arb, ctx, fmpq

from regions.domains.discs import BITS, DiscCell, Vector, interval
from regions.domains.shapes import Ball, BoundedDomain
from regions.enumeration.budget import Budget
from regions.network import ReluNetwork
from regions.questions.answer import Value, ends, known
from regions.questions.answer_files import Partition
from regions.questions.class_cells import class_cells
from regions.questions.class_sums import Part
from regions.questions.directions import Direction
from regions.questions.listed import directed_forms
from regions.questions.pieces import Pieces

AXES: tuple[Vector, Vector] = (fmpq(1), fmpq(0)), (fmpq(0), fmpq(1))


class DiscSums(NamedTuple):
    """What was found over the part of a disc that was met.

    Attributes:
        powers: The integrals of the powers 0 to some order of an output.
        pieces: How many regions were met.
        complete: Whether these are all.
        volume: The volume of the whole disc.
        met: How many pieces of the square around it were met.
    """

    powers: list[Value]
    pieces: int
    complete: bool
    volume: Value
    met: int

    @property
    def rest(self) -> list[Fraction]:
        """Both ends of the volume of the part that was not met."""
        return [
            a - b
            for a, b in zip(
                ends(self.volume), reversed(ends(self.powers[0])), strict=True
            )
        ]


class DiscClasses(NamedTuple):
    """What was found of classes over the part of a disc that was met.

    Attributes:
        parts: The part of each class in the chart, None where there is none.
        pieces: How many regions were met.
        complete: Whether these are all.
        volume: Ends of the volume of the whole disc.
        rest: Ends of the volume of the part that was not met.
        met: How many pieces of the square around it were met.
    """

    parts: list[Part | None]
    pieces: int
    complete: bool
    volume: tuple[Fraction, Fraction]
    rest: tuple[Fraction, Fraction]
    met: int


def is_disc(domain: BoundedDomain, method: str) -> bool:
    """Whether integrals are those over a disc.

    Raises:
        ValueError: If it is a round ball beyond the plane, or the method does not
            serve.
    """
    if domain.squared_radius is None:
        return False
    if domain.dim != 2:
        raise ValueError(
            f"`domain` is a ball of the norm 2 in {domain.dim} dimensions, and "
            "integrals over it are served in the plane: take the norm 1 or inf, or a "
            "Box."
        )
    if method == "corners":
        raise ValueError(
            "`method` is 'corners', and the domain is a disc, which has none: take "
            "'list'."
        )
    return True


def disc_powers(
    network: ReluNetwork,
    domain: BoundedDomain,
    weights: Direction,
    order: int,
    budget: Budget,
) -> DiscSums:
    """Integrals of the powers of a combination of outputs, in the chart."""
    square, count = _square(domain), 0
    pieces = _pieces(network, domain, budget)
    with ctx.workprec(BITS):
        totals = [arb(0)] * (order + 1)
        for piece in pieces:
            part = DiscCell(piece.cell, square)
            if part.is_empty:
                continue
            count += 1
            ((form, scale),) = directed_forms(piece, [weights])
            *gradient, offset = (fmpq(v, scale) for v in form)
            held = part.powers((gradient[0], gradient[1]), order)
            for k in range(order + 1):
                # The k-th power of L + b is a sum over the powers of L.
                for m in range(k + 1):
                    totals[k] += math.comb(k, m) * offset ** (k - m) * held[m]
        volume = _volume(square)
        if pieces.complete and not totals[0].overlaps(volume):
            raise AssertionError("the pieces do not fill the disc")
        values = [known(*interval(total)) for total in totals]
        whole = known(*interval(volume))
    return DiscSums(values, count, pieces.complete, whole, pieces.count)


def disc_classes(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget
) -> DiscClasses:
    """The parts of a disc by class."""
    square, count, regions = _square(domain), network.output_dim, 0
    sums: list[list[arb] | None] = [None] * count
    pieces = _pieces(network, domain, budget)
    with ctx.workprec(BITS):
        for piece in pieces:
            parts = [(k, DiscCell(c, square)) for k, c in class_cells(piece, count)]
            regions += not all(part.is_empty for _, part in parts)
            for label, part in parts:
                if not part.is_empty:
                    area, first = part.powers(AXES[0], 1)
                    own = area, first, part.powers(AXES[1], 1)[1]
                    held = sums[label] or [arb(0)] * 3
                    sums[label] = [a + b for a, b in zip(held, own, strict=True)]
        found = [
            None
            if held is None
            else Part(interval(held[0]), [interval(v) for v in held[1:]])
            for held in sums
        ]
        volume = _volume(square)
        rest = volume - sum((held[0] for held in sums if held), arb(0))
        return DiscClasses(
            found,
            regions,
            pieces.complete,
            interval(volume),
            interval(rest),
            pieces.count,
        )


def _pieces(network: ReluNetwork, domain: BoundedDomain, budget: Budget) -> Pieces:
    """The pieces of the square around a disc, in the disc's chart."""
    return Pieces(network, _square_around(domain)[0], budget)


def disc_evidence(
    network: ReluNetwork, domain: BoundedDomain, about: dict[str, Any], by_class: bool
) -> Partition:
    """What proves an answer over a disc: the pieces of the square around it."""
    square, disc = _square_around(domain)
    return Partition(network, square, about, by_class, disc=disc)


def _square_around(domain: BoundedDomain) -> tuple[Ball, Ball]:
    """The square around a disc, in the same chart, and the disc."""
    assert isinstance(domain, Ball)
    return Ball(domain.center, domain.radius, math.inf), domain


def _square(domain: BoundedDomain) -> Fraction:
    """The squared radius."""
    square = domain.squared_radius
    assert square is not None
    return square


def _volume(square: Fraction) -> arb:
    """That of a disc."""
    return arb.pi() * fmpq(square.numerator, square.denominator)
