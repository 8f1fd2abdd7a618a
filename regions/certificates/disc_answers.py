"""Integrals over a disc, from a partition of the square around it, leaf by leaf."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Check, Wrong, tried
from regions.certificates.discs import BITS, Part
from regions.certificates.jacobians import gated_lines
from regions.certificates.listed_answers import is_whole
from regions.certificates.meanings import (
    check_moments,
    direction_of,
    output_ends,
    power_ends,
)
from regions.certificates.partitions import Leaf, Partition
from regions.certificates.rationals import ends, exact, short
from regions.domains.shapes import Ball
from regions.network import ReluNetwork

QUESTIONS = ("integral", "moments", "mean_by_class")

AXES = (fmpq(1), fmpq(0)), (fmpq(0), fmpq(1))


def check_disc(body: dict[str, Any], network: ReluNetwork, disc: Ball) -> list[Check]:
    """Whether the leaves fill the square around a disc, and give the answer."""
    square = Ball(disc.center, disc.radius, math.inf)
    layers = ExactLayers(network, square)
    held: list[_Disc] = []

    def leaves() -> str:
        whole = is_whole(body)
        partition = Partition(body["partition"], layers, square, whole)
        held.append(_Disc(body, partition, layers, disc))
        fill = "fill the square around it, exactly" if whole else "are parts of it"
        return f"{len(partition.leaves)} leaves {fill}"

    check = tried("partition", leaves)
    if not check.passed:
        return [check, Check("answer", None, "the partition failed")]
    return [check, tried("answer", held[0].check)]


class _Disc:
    """One answer."""

    def __init__(
        self,
        body: dict[str, Any],
        partition: Partition,
        layers: ExactLayers,
        disc: Ball,
    ):
        self._body, self._partition, self._layers = body, partition, layers
        self._center = [exact(v) for v in disc.center.tolist()]
        self._square, self._disc = exact(disc.radius) ** 2, disc

    def check(self) -> str:
        """Whether the leaves say what the answer says.

        Raises:
            Wrong: If not.
        """
        question, value = self._body["question"], self._body["value"]
        with ctx.workprec(BITS):
            volume = arb.pi() * self._square
            if question == "integral":
                self._check_integral(value, volume)
            elif question == "moments":
                self._check_moments(value, volume)
            else:
                self._check_classes(value, volume)
        return "what the leaves say"

    def _check_integral(self, value: Any, volume: arb) -> None:
        """The integral; of leaves that are not all, with bounds of the rest."""
        area, found = self._powers(1)
        for bound in self._bounds():
            _require("the integral", found + bound * (volume - area), value)

    def _check_moments(self, value: Any, volume: arb) -> None:
        """The means of the powers, likewise."""
        check_moments(value)
        area, *powers = self._powers(len(value))
        for k, power in enumerate(powers, start=1):
            for bound in power_ends(self._bounds(), k):
                mean = (power + bound * (volume - area)) / volume
                _require(f"moment {k}", mean, value[k - 1])

    def _bounds(self) -> tuple[fmpq, fmpq]:
        """Bounds of the output beyond the leaves; there is nothing if these are all."""
        if is_whole(self._body):
            return fmpq(0), fmpq(0)
        return output_ends(self._body, self._layers, self._disc)

    def _parts(self, leaf: Leaf) -> list[Part]:
        """The parts of a leaf in the disc."""
        points = self._partition.points
        return [
            Part([points[k] for k in s.corners], self._square)
            for s in self._partition.simplices(leaf)
        ]

    def _powers(self, order: int) -> list[arb]:
        """Integrals of the powers of the combination of outputs that was asked for."""
        weights = direction_of(self._body, self._layers)
        totals, depth = [arb(0)] * (order + 1), len(self._layers.slopes)
        for leaf in self._partition.leaves:
            lines = gated_lines(self._layers, leaf.on)
            gradient, offset = self._layers.carried_back(depth, weights, lines, {})
            for part in self._parts(leaf):
                held = part.powers(gradient, order)
                for k in range(order + 1):
                    for m in range(k + 1):
                        totals[k] += math.comb(k, m) * offset ** (k - m) * held[m]
        return totals

    def _check_classes(self, value: Sequence[Any], volume: arb) -> None:
        """Shares and means of all classes."""
        if not self._partition.by_class:
            raise Wrong("the leaves are not cut by classes")
        if len(value) != self._layers.outputs:
            raise Wrong(f"{len(value)} classes are listed")
        parts: list[list[Part]] = [[] for _ in value]
        for leaf in self._partition.leaves:
            parts[leaf.label] += [p for p in self._parts(leaf) if not p.is_empty]
        whole = is_whole(self._body)
        areas = [
            sum((part.powers(AXES[0], 0)[0] for part in own), arb(0)) for own in parts
        ]
        rest = arb(0) if whole else volume - sum(areas, arb(0))
        for label, (named, share, mean) in enumerate(value):
            own, area = parts[label], areas[label]
            if named != label or (mean is None) != (whole and not own):
                raise Wrong(
                    f"class {label} is named {named}, or has a mean without part"
                )
            # Any class may have what the leaves leave.
            others = [v for k, v in enumerate(areas) if k != label and parts[k]]
            most = 1 - sum(others, arb(0)) / volume
            least = most if whole and own and not others else area / volume
            _require(f"the share of class {label}", least, share)
            if not whole:
                _require(f"the share of class {label}", most, share)
            if mean is None:
                continue
            if len(mean) != len(AXES):
                raise Wrong(f"the mean of class {label} has {len(mean)} coordinates")
            for axis in range(len(AXES)):
                for middle in self._middles(own, area, rest, axis):
                    what = f"the mean of class {label}, axis {axis},"
                    _require(what, self._center[axis] + middle, mean[axis])

    def _middles(
        self, own: Sequence[Part], area: arb, rest: arb, axis: int
    ) -> Iterator[arb]:
        """The mean of a coordinate over parts, then its ends with the rest, if any."""
        ends = [sign * exact(self._disc.radius) for sign in (-1, 1)]
        if not own:
            yield from map(arb, ends)
            return
        first = sum((part.powers(AXES[axis], 1)[1] for part in own), arb(0))
        yield first / area
        if not is_whole(self._body):
            yield from ((first + rest * end) / (area + rest) for end in ends)


def _require(what: str, found: arb, value: Any) -> None:
    """Raise unless a number lies between the ends of the file."""
    low, high = (Fraction(int(v.p), int(v.q)) for v in ends(value))
    least, most = (_fraction(end) for end in (found.lower(), found.upper()))
    if not low <= least <= most <= high:
        near = fmpq(least.numerator, least.denominator)
        raise Wrong(f"{what} is {short(near)}, not what the answer says")


def _fraction(end: arb) -> Fraction:
    """An exact ball as a number."""
    digits, exponent = end.man_exp()
    return Fraction(int(digits)) * Fraction(2) ** int(exponent)
