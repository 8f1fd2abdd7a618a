"""Which inputs a network sends into a polytope of outputs, exactly.

The rows of the polytope become units of a last hidden layer, `b - A y`, from the
outputs themselves, so that nothing is rounded. On each region of that network every row
holds all over, or fails all over: those on which all hold are the preimage.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from regions.domains.corners import clipped
from regions.domains.domain_vectors import dyadic, fractions
from regions.domains.shapes import HPolytope, WholeSpace, embed_exactly
from regions.domains.simplices import cell_volume
from regions.enumeration import enumerate_regions
from regions.enumeration.budget import Budget
from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.errors.short_text import short_repr
from regions.lp.blas import one_blas_thread
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.models.joint import with_affine_units
from regions.questions.answer import Answer, Point
from regions.questions.answer_files import Listed, Partition, text_of
from regions.questions.pieces import can_be_listed
from regions.results.region_set import RegionSet
from regions.signs.exact import ExactNetwork
from regions.signs.float_bounds import PointBounds
from regions.signs.rounding import certain_signs

BATCH = 4096
"""Regions that are looked at together."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One polytope of a preimage: the points with `a . t <= b` for all its rows.

    Attributes:
        pattern: The activation pattern that the network has inside.
        rows: Integer rows `(*a, b)` in the chart of the domain: those of the units,
            then those of the output polytope, then those of the domain (of a round
            ball, of the box around it).
        witness: A point strictly inside, in the chart.
    """

    pattern: tuple[bool, ...]
    rows: tuple[tuple[int, ...], ...]
    witness: Point

    __repr__ = short_repr


class Preimage(Sequence[Part]):
    """The polytopes of a preimage, one for each region that meets it.

    They fill the preimage up to sets without interior points, and overlap in such sets
    alone; where `complete` is False, some may be missing. Rows are made when a polytope
    is asked for.

    Example:
        >>> import regions
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([[[1.0]], [[2.0]]], None)
        >>> one = HPolytope([[1.0], [-1.0]], [4.0, -2.0])
        >>> found = preimage(net, regions.Box([-5.0], [5.0]), one).value
        >>> [part.pattern for part in found], found.volume, found.contains([1.5])
        ([(True,)], Fraction(1, 1), True)
    """

    def __init__(
        self,
        found: RegionSet,
        outputs: HPolytope,
        stop: Callable[[], bool] = never,
    ):
        self.outputs, self.domain = outputs, found.domain
        self._found, self._count = found, len(outputs.b)
        self._exact = ExactNetwork(found.network, found.domain)
        self._kept, self.complete = self._parts_among(found, stop)

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self._part(int(k)) for k in self._kept[number]]
        return self._part(int(self._kept[number]))

    def __iter__(self) -> Iterator[Part]:
        return (self._part(int(k)) for k in self._kept)

    def __str__(self) -> str:
        return f"{len(self)} polytope{'s' * (len(self) != 1)}"

    def __repr__(self) -> str:
        return f"Preimage({self})"

    def contains(self, point: Sequence[float | Fraction]) -> bool:
        """Whether a point of the chart lies in one of the parts, exactly."""
        exact, square = [Fraction(v) for v in point], self.domain.squared_radius
        if square is not None and sum(v * v for v in exact) > square:
            return False
        return any(
            all(_value(row, exact) <= row[-1] for row in part.rows) for part in self
        )

    @functools.cached_property
    def volume(self) -> Fraction:
        """Exact volume in the chart.

        Raises:
            ValueError: If the domain is unbounded, round, or of too many dimensions.
        """
        domain = self.domain
        if isinstance(domain, WholeSpace) or domain.squared_radius is not None:
            raise ValueError(
                "the volume needs a bounded domain that is a polytope: give a Box."
            )
        whole, total = domain.cell(), Fraction(0)
        inner = len(domain.rows()[1])
        for part in self:
            cell = whole
            for number, row in enumerate(part.rows[: len(part.rows) - inner], inner):
                cell = clipped(cell, row, number)
            total += cell_volume(cell)
        return total

    def as_json(self) -> dict[str, Any]:
        """The patterns, from which rows follow, and the volume where it is known."""
        is_known = self.complete and can_be_listed(self.domain)
        return {
            "patterns": [list(part.pattern) for part in self],
            "volume": text_of(self.volume) if is_known else None,
            "complete": self.complete,
        }

    @property
    def numbers(self) -> list[int]:
        """Which regions of the list they are."""
        return self._kept.tolist()

    def _bits(self, pattern: Bool[np.ndarray, " bits"]) -> Bool[np.ndarray, " units"]:
        """A bit for every hidden unit."""
        kinks = self._found.network.kinks
        full = np.zeros(len(kinks), bool)
        full[kinks] = pattern
        return full

    def _forms(self, pattern: Bool[np.ndarray, " bits"]) -> list[list[int]]:
        """Forms of all hidden units on a region."""
        layers = len(self._found.network.hidden)
        return self._exact.affine_forms(self._bits(pattern), layers=layers)

    def _parts_among(
        self, found: RegionSet, stop: Callable[[], bool]
    ) -> tuple[Int64[np.ndarray, " some"], bool]:
        """Numbers of the regions on which all rows hold, and whether these are all.

        A row that is off at a point inside a region fails there, unless it is zero all
        over the region. Float64 tells nearly all that are not zero.
        """
        bounds, kept, open_ = PointBounds(found.network, found.domain), [], []
        exact = np.array([*found.exact_witnesses], np.int64)
        for start in range(0, len(found), BATCH):
            numbers = np.arange(start, min(start + BATCH, len(found)))
            off = ~found.pattern_bits(numbers)[:, -self._count :]
            points = found.coordinates[numbers]
            values, error = bounds.last_layer(points, np.zeros(len(points)))
            # The point of a region with an exact one may lie in another.
            known = ~np.isin(numbers, exact)
            fails = off & (certain_signs(values, error[:, None]) < 0) & known[:, None]
            kept.append(numbers[~off.any(1)])
            open_ += numbers[off.any(1) & ~fails.any(1)].tolist()
        complete = found.complete
        for number in open_:
            if stop():
                complete = False
                break
            if self._holds_throughout(number):
                kept.append(np.array([number]))
        return np.sort(np.concatenate([np.zeros(0, np.int64), *kept])), complete

    def _holds_throughout(self, number: int) -> bool:
        """Whether the rows that are off on a region are zero all over it."""
        pattern = self._found.pattern_bits(np.array([number]))[0]
        off = np.flatnonzero(~pattern[-self._count :])
        last = self._forms(pattern)[-self._count :]
        return not any(any(last[k]) for k in off.tolist())

    def _part(self, number: int) -> Part:
        """One polytope."""
        pattern = self._found.pattern_bits(np.array([number]))[0]
        bits, forms, rows = self._bits(pattern), self._forms(pattern), []
        for unit in np.flatnonzero(self._found.network.kinks).tolist():
            *gradient, offset = forms[unit]
            sign = 1 if bits[unit] else -1
            if any(gradient):
                rows.append((*(-sign * v for v in gradient), sign * offset))
        A, b = self.domain.rows()
        for row, right in zip(A.tolist(), b.tolist(), strict=True):
            rows.append(tuple(dyadic([*row, right])[0]))
        point = self._found.exact_witnesses.get(number)
        if point is None:
            point = tuple(fractions(self._found.coordinates[number]))
        own = pattern[: len(pattern) - self._count]
        return Part(tuple(own.tolist()), tuple(rows), point)


@kinds_checked
@one_blas_thread()
def preimage(
    network: NetworkLike,
    domain: DomainLike,
    outputs: Any,
    *,
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """The inputs of a domain whose outputs lie in a polytope, as polytopes.

    Args:
        network: The network.
        domain: Any; of a ball of the norm 2 the polytopes are those that meet it.
        outputs: The `HPolytope` of outputs.
        max_seconds: Stop after this time, with the polytopes found so far.
        stop: Asked often; says whether to stop, likewise.

    Returns:
        The value is a sequence of polytopes, one for each activation region that meets
        the preimage, with exact integer rows; they fill it up to sets without interior
        points. The witness is a point inside the first one, None if there is none.

    Raises:
        TypeError: If the outputs are no `HPolytope`.
        ValueError: If an argument does not fit.

    Example:
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> found = preimage(net, Box([-4.0], [4.0]), HPolytope([[1], [-1]], [2, -1]))
        >>> str(found), found.value.volume  # 1 <= |x| <= 2
        ('preimage: 2 polytopes (proved)', Fraction(2, 1))
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    if not isinstance(outputs, HPolytope):
        kind = type(outputs).__name__
        raise TypeError(f"`outputs` is a {kind}: an HPolytope(A, b) is required.")
    if outputs.dim != network.output_dim:
        raise ValueError(
            f"`outputs` lies in {outputs.dim} dimensions and the network has "
            f"{network.output_dim} outputs: they must be equal."
        )
    budget = Budget(max_seconds=max_seconds, stop=stop)
    wide = with_affine_units(network, -outputs.A, outputs.b)
    found = enumerate_regions(wide, domain, max_seconds=max_seconds, stop=stop)
    value = Preimage(found, outputs, budget.spent)
    about = {"A": outputs.A.tolist(), "b": outputs.b.tolist()}
    if value.complete and can_be_listed(domain):
        assert not isinstance(domain, WholeSpace)
        evidence = Partition(wide, domain, about)
    else:
        evidence = Listed(found, about, None if value.complete else value.numbers)
    return Answer(
        "preimage",
        value,
        embed_exactly(domain, value[0].witness) if len(value) else None,
        value.complete,
        budget.seconds,
        stats={"regions": len(found), "engine": found.method},
        evidence=evidence,
    )


def _value(row: tuple[int, ...], point: Sequence[Fraction]) -> Fraction:
    """A row's left-hand side at a point."""
    return sum((a * v for a, v in zip(row, point, strict=False)), Fraction())
