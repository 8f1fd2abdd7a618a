"""Chebyshev balls and bounding boxes of a whole list of regions, by linear programs.

Two solvers give the same numbers in different ways: the batched interior point, for
which the devices make the rows of each region from its pattern, and CVXPY, whose
programs of many regions are stacked into one of block-diagonal form. What one of them
leaves open is solved alone, where exact arithmetic decides whether there is an interior
(`regions.lp.solve`).
"""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float64, UInt8

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace, check_not_round
from regions.errors import SolverError
from regions.errors.limits import check, telling
from regions.network import ReluNetwork
from regions.patterns.halfspaces import Halfspaces, halfspaces_batch
from regions.patterns.packing import unpack_bits

SOLVERS = ("interior_point", "cvxpy")

STACK = 256
"""Regions in one program of CVXPY."""

Progress = Callable[[int, int], None]
Rows = tuple[np.ndarray, np.ndarray]
"""Rows `A t <= b` of some polytopes: `(batch, rows, dim)` and `(batch, rows)`."""
Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Two arrays of answers, and which of them are good."""
Parts = Iterator[Found]
"""The same of some regions after others."""


def tell_nobody(done: int, total: int) -> None:
    """Progress that nobody asked for."""


def list_balls(
    network: ReluNetwork,
    domain: Domain,
    patterns: UInt8[np.ndarray, "regions bytes"],
    solver: str = "interior_point",
    progress: Progress = tell_nobody,
) -> tuple[Float64[np.ndarray, "regions dim"], Float64[np.ndarray, " regions"]]:
    """Centers and radii of the largest balls in some regions, in chart coordinates.

    Args:
        network: The network.
        domain: A bounded domain, which bounds the balls too.
        patterns: Packed pattern of each region.
        solver: One of `SOLVERS`.
        progress: Called with (done, in all), in regions.

    Raises:
        ValueError: If the domain is unbounded, or there is no such solver.
        SolverError: If a program ends without an answer.
    """
    listed = _Listed(network, domain, patterns, solver)
    reach = _reach(listed.domain)

    def one(A: np.ndarray, b: np.ndarray) -> Rows:
        # CVXPY loads only where it has to.
        from regions.lp.solve import chebyshev_ball

        ball = chebyshev_ball(Halfspaces(A, b), max_radius=reach)
        return ball.center, np.array(ball.radius)

    if solver == "cvxpy":
        parts = listed.stacked(lambda A, b: _stacked_balls(A, b, reach))
    else:
        parts = listed.batched(reach)
    return _solved(listed, parts, one, progress)


def list_boxes(
    network: ReluNetwork,
    domain: Domain,
    patterns: UInt8[np.ndarray, "regions bytes"],
    solver: str = "interior_point",
    progress: Progress = tell_nobody,
) -> tuple[Float64[np.ndarray, "regions dim"], Float64[np.ndarray, "regions dim"]]:
    """Lower and upper corners of the smallest boxes around some regions.

    Args and errors are those of `list_balls`.
    """
    listed = _Listed(network, domain, patterns, solver)

    def one(A: np.ndarray, b: np.ndarray) -> Rows:
        from regions.lp.solve import bounds

        return bounds(Halfspaces(A, b))

    cvxpy = solver == "cvxpy"
    parts = listed.stacked(_stacked_boxes) if cvxpy else listed.batched(None)
    return _solved(listed, parts, one, progress)


class _Listed:
    """Regions of a list, and their rows in the chart.

    Args:
        network: The network.
        domain: The domain.
        patterns: Packed pattern of each region.
        solver: One of `SOLVERS`.

    Raises:
        ValueError: For what has no answer.
    """

    def __init__(
        self,
        network: ReluNetwork,
        domain: Domain,
        patterns: UInt8[np.ndarray, "regions bytes"],
        solver: str,
    ):
        if solver not in SOLVERS:
            raise ValueError(f"`solver` is {solver!r}: one of {SOLVERS} is required.")
        if isinstance(domain, WholeSpace) or not domain.is_bounded:
            raise ValueError(
                "`domain` is unbounded: balls and boxes of a list are found on a "
                "bounded domain; ask `regions.polytope_at` for single regions."
            )
        check_not_round(domain)
        if not len(patterns):
            raise ValueError("`patterns` is empty: at least one region is required.")
        self.domain: BoundedDomain = domain
        self.patterns = patterns
        self._restricted = domain.restrict(network)
        self._sides, self._ends = domain.rows()

    def rows(self, which: slice) -> Rows:
        """Rows of some regions, made on the host."""
        bits = unpack_bits(self.patterns[which], self._restricted.num_bits)
        A, b = halfspaces_batch(self._restricted, bits)
        sides = np.tile(self._sides, (len(A), 1, 1))
        ends = np.tile(self._ends, (len(A), 1))
        return np.concatenate([A, sides], axis=1), np.concatenate([b, ends], axis=1)

    def stacked(self, solve: Callable[[np.ndarray, np.ndarray], Found]) -> Parts:
        """Answers by a solver of rows that the host makes."""
        for start in range(0, len(self.patterns), STACK):
            yield solve(*self.rows(slice(start, start + STACK)))

    def batched(self, reach: float | None) -> Parts:
        """Balls of at most that radius, or boxes, by the interior point."""
        # JAX loads only where a program has to be solved.
        from regions.polytopes.device_lists import balls_or_boxes

        sides = (self._sides, self._ends)
        return balls_or_boxes(self._restricted, sides, self.patterns, reach)


def _reach(domain: BoundedDomain) -> float:
    """A number that no ball inside the domain has as its radius, in its chart."""
    box = domain.chart_box()
    return float((box.upper - box.lower).max())


def _solved(
    listed: _Listed,
    parts: Parts,
    one: Callable[[np.ndarray, np.ndarray], Rows],
    progress: Progress,
) -> Rows:
    """The answers of all regions; what a batch leaves open is solved alone."""
    first, second = [], []
    done, total = 0, len(listed.patterns)
    with telling(
        lambda: f"{done} of {total} regions are solved", lambda: (first, second)
    ):
        for u, v, good in parts:
            for k in np.flatnonzero(~good):
                A, b = listed.rows(slice(done + k, done + k + 1))
                u[k], v[k] = one(A[0], b[0])
            first.append(u)
            second.append(v)
            done += len(u)
            progress(done, total)
            check()
    return np.concatenate(first), np.concatenate(second)


def _stacked_balls(A: np.ndarray, b: np.ndarray, reach: float) -> Found:
    """By CVXPY; where a stack is not solved, none of its answers is good."""
    from regions.lp.solve import chebyshev_balls_stacked

    try:
        centers, radii = chebyshev_balls_stacked(A, b, max_radius=reach)
    except SolverError:
        return _nothing(A, ())
    return centers, radii, radii > 0.0


def _stacked_boxes(A: np.ndarray, b: np.ndarray) -> Found:
    """By CVXPY; where a stack is not solved, none of its answers is good."""
    from regions.lp.solve import bounding_boxes_stacked

    try:
        lower, upper = bounding_boxes_stacked(A, b)
    except SolverError:
        return _nothing(A, A.shape[2:])
    return lower, upper, np.ones(len(A), bool)


def _nothing(A: np.ndarray, shape: tuple[int, ...]) -> Found:
    """Room for answers, none of them good."""
    count, _, dim = A.shape
    return np.empty((count, dim)), np.empty((count, *shape)), np.zeros(count, bool)
