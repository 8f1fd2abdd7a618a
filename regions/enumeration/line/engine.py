"""The intervals of a network along a segment or a line, exactly.

Between breakpoints every pre-activation is affine. Layer by layer, each interval is cut
at the zeros of that layer's units inside it. Units that vanish together make one
breakpoint, and none is lost: where float64 bounds do not decide, integers do.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.line.cutting import Cutter, ImpreciseError
from regions.errors.limits import check
from regions.network import ReluNetwork
from regions.results.cells import Cells
from regions.signs.exact import nearest_float
from regions.signs.rounding import SAFETY

CLOSE = 1e-12
"""A breakpoint with a larger relative bound of its error is rounded from its value."""


@dataclasses.dataclass(frozen=True, eq=False)
class Line:
    """The intervals of a network along a line, in order.

    Attributes:
        start: Lower end of the domain; None if unbounded.
        end: Upper end of the domain; None if unbounded.
        patterns: Signs of all hidden units on each interval; units without a kink,
            which may change sign inside, are off.
        kinks: Which units have a kink.
        places: Breakpoints in float64, ends of the domain not included.
        doubt: Bounds of their distance from the exact ones; not finite where float64
            has lost one.
        exact_place: Gives a breakpoint exactly, by its number.
        complete: Whether all layers are in; if not, the patterns are those of the
            layers that are, and every interval holds at least one region.
        counts: How many decisions needed rational arithmetic.
    """

    start: Fraction | None
    end: Fraction | None
    patterns: Bool[np.ndarray, "intervals units"]
    kinks: Bool[np.ndarray, " units"]
    places: Float64[np.ndarray, " breakpoints"]
    doubt: Float64[np.ndarray, " breakpoints"]
    exact_place: Callable[[int], Fraction]
    complete: bool
    counts: dict[str, int]

    @functools.cached_property
    def breakpoints(self) -> list[Fraction]:
        """Where the pattern changes, ends of the domain not included, exactly."""
        return [self.exact_place(k) for k in range(len(self.places))]

    def cells(self) -> Cells:
        """Ends of the intervals of a bounded domain, and their neighbors.

        Units that change sign together at one breakpoint share a facet; the first of
        them names it.

        Raises:
            LimitError: If a limit of the block around falls.
        """
        assert self.start is not None
        assert self.end is not None
        ends = np.array([float(self.start), *self.places, float(self.end)])
        close = self.doubt < CLOSE * (1.0 + np.abs(self.places))
        for far in np.flatnonzero(~close).tolist():
            check()
            ends[1 + far] = float(self.exact_place(far))
        count = len(self.patterns)
        members = np.stack([np.arange(count), np.arange(1, count + 1)], 1).ravel()
        bits = self.patterns[:, self.kinks]
        changed = bits[1:] != bits[:-1]
        return Cells(
            vertices=ends[:, None],
            offsets=2 * np.arange(count + 1),
            members=members,
            neighbors=np.stack([np.arange(count - 1), np.arange(1, count)], 1),
            neighbor_bits=np.argmax(changed, axis=1)
            if len(changed)
            else np.zeros(0, np.int64),
        )

    def middles(self) -> list[Fraction]:
        """A point strictly inside each interval.

        A float64 number near the middle if one lies inside, else the exact middle.
        """
        points = self._near_middles()
        return [
            Fraction(point) if np.isfinite(point) else inside(*self._ends(k))
            for k, point in enumerate(points.tolist())
        ]

    def _near_middles(self) -> Float64[np.ndarray, " intervals"]:
        """float64 points proved to lie inside the intervals; NaN where there is none.

        Where the middle is not proved to lie inside, the middle of what is left between
        the bounds of both ends may be.
        """
        low, high = np.array([-np.inf]), np.array([np.inf])
        if self.start is not None and self.end is not None:
            low, high = np.array([[float(self.start)], [float(self.end)]])
        # A breakpoint that float64 lost has no bounds.
        places = np.where(np.isfinite(self.places), self.places, np.nan)
        with np.errstate(all="ignore"):
            lower = np.concatenate([low, places + SAFETY * self.doubt])
            upper = np.concatenate([places - SAFETY * self.doubt, high])
            # The sums just made are rounded.
            lower += np.abs(lower) * 2.0**-52
            upper -= np.abs(upper) * 2.0**-52
            lower[0], upper[-1] = low[0], high[0]
            middle = 0.5 * lower + 0.5 * upper
            below = upper - np.maximum(1.0, np.abs(upper))
            above = lower + np.maximum(1.0, np.abs(lower))
            middle = np.where(np.isneginf(lower), below, middle)
            middle = np.where(np.isposinf(upper), above, middle)
            if np.isinf(low[0]) and not len(places):
                middle = np.zeros(1)
            return np.where((lower < middle) & (middle < upper), middle, np.nan)

    def _ends(self, number: int) -> tuple[Fraction | None, Fraction | None]:
        """The ends of an interval, exactly; None where it has none."""
        last = number == len(self.places)
        return (
            self.start if number == 0 else self.exact_place(number - 1),
            self.end if last else self.exact_place(number),
        )


def inside(low: Fraction | None, high: Fraction | None) -> Fraction:
    """A point strictly between two ends, either of which may be infinite.

    A float64 number if one lies strictly between, the exact middle otherwise.
    """
    if low is None and high is None:
        return Fraction(0)
    if low is None or high is None:
        end = high if low is None else low
        assert end is not None
        away = max(Fraction(1), abs(end))
        middle = end - away if low is None else end + away
    else:
        middle = (low + high) / 2
    rounded = Fraction(nearest_float(middle))
    above = low is None or low < rounded
    return rounded if above and (high is None or rounded < high) else middle


def cut_line(
    network: ReluNetwork, domain: Domain, budget: Budget | None = None
) -> Line:
    """All intervals of `network` on a one-dimensional `domain`.

    Args:
        network: The network.
        domain: A domain of dimension 1.
        budget: When it is spent, the line is that of the first layers.

    Raises:
        ValueError: If the domain does not have dimension 1.

    Example:
        >>> from regions.domains.shapes import Segment
        >>> net = ReluNetwork.from_arrays([[[3.0]], [[1.0]]], [[-1.0], [0.0]])
        >>> cut_line(net, Segment([0.0], [1.0])).breakpoints
        [Fraction(1, 3)]
    """
    if domain.dim != 1:
        raise ValueError(
            f"`domain` has dimension {domain.dim}: the line engine needs dimension 1."
        )
    budget = Budget() if budget is None else budget
    try:
        return _cut(network, domain, budget, pairs=False)
    except ImpreciseError:
        return _cut(network, domain, budget, pairs=True)


def _cut(network: ReluNetwork, domain: Domain, budget: Budget, *, pairs: bool) -> Line:
    """All intervals, in single precision or in pairs."""
    cutter = Cutter(network, domain, pairs=pairs)
    with contextlib.suppress(StoppedError):
        for index in range(len(network.hidden)):
            cutter.insert(index, budget.check)
    kinks = np.concatenate([np.zeros(0, bool), *(h.kinks for h in network.hidden)])
    patterns = cutter.patterns(len(kinks))
    # The point from which a line without ends is cut may be no breakpoint.
    inner = np.arange(1, len(cutter.points) - 1)
    if isinstance(domain, WholeSpace):
        changes = (patterns[1:] != patterns[:-1]).any(1)
        patterns = patterns[np.concatenate([[True], changes])]
        inner, ends = inner[changes], (None, None)
    else:
        ends = cutter.position(0), cutter.position(len(cutter.points) - 1)
    low = 0.0 if cutter.places.low is None else np.abs(cutter.places.low[0, inner])
    return Line(
        *ends,
        patterns,
        kinks,
        cutter.places.high[0, inner],
        SAFETY * (cutter.places.error[inner] + low),
        lambda k: cutter.position(int(inner[k])),
        len(cutter.levels) == len(network.hidden),
        {
            "exact_signs": cutter.exact_signs,
            "exact_orders": cutter.exact_orders,
        },
    )
