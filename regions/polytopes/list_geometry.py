"""Chebyshev balls and bounding boxes of a whole list of regions, by linear programs.

Two solvers give the same numbers in different ways: the batched interior point, which
compiles, and CVXPY, whose programs of many regions are stacked into one of
block-diagonal form. What one of them leaves open is solved alone, where exact
arithmetic decides whether there is an interior (`regions.lp.solve`).
"""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float64, UInt8

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.errors import SolverError
from regions.network import ReluNetwork
from regions.patterns.halfspaces import Halfspaces, domain_rows, halfspaces_batch
from regions.patterns.packing import unpack_bits

SOLVERS = ("interior_point", "cvxpy")

CHUNKS = {"interior_point": 1024, "cvxpy": 256}
"""Regions at a time, which bounds the memory."""

Progress = Callable[[int, int], None]
Rows = tuple[np.ndarray, np.ndarray]
"""Rows `A t <= b` of some polytopes: `(batch, rows, dim)` and `(batch, rows)`."""
Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Two arrays of answers, and which of them are good."""


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

    def one(A: np.ndarray, b: np.ndarray) -> Rows:
        from regions.lp.solve import chebyshev_ball

        ball = chebyshev_ball(Halfspaces(A, b), max_radius=reach)
        return ball.center, np.array(ball.radius)

    solve = {"interior_point": _batched_balls, "cvxpy": _stacked_balls}
    _check(domain, solver)
    assert not isinstance(domain, WholeSpace)
    reach = _reach(domain)
    rows = _rows(network, domain, patterns, CHUNKS[solver])
    return _solved(rows, lambda A, b: solve[solver](A, b, reach), one, progress)


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

    def one(A: np.ndarray, b: np.ndarray) -> Rows:
        from regions.lp.solve import bounds

        return bounds(Halfspaces(A, b))

    solve = {"interior_point": _batched_boxes, "cvxpy": _stacked_boxes}
    _check(domain, solver)
    assert not isinstance(domain, WholeSpace)
    rows = _rows(network, domain, patterns, CHUNKS[solver])
    return _solved(rows, solve[solver], one, progress)


def _check(domain: Domain, solver: str) -> None:
    """Raise for what has no answer."""
    if solver not in SOLVERS:
        raise ValueError(f"`solver` is {solver!r}: one of {SOLVERS} is required.")
    if isinstance(domain, WholeSpace):
        raise ValueError(
            "`domain` is the whole space: balls and boxes of a list are found on a "
            "bounded domain; ask `regions.polytope_at` for single regions."
        )


def _reach(domain: BoundedDomain) -> float:
    """A number that no ball inside the domain has as its radius, in its chart."""
    A, b = domain_rows(domain)
    # Between opposite sides of a box; a chart of another domain is of unit size.
    sides = [float(b[k] + b[k + 1]) for k in range(0, len(b) - 1, 2)]
    opposite = len(b) % 2 == 0 and bool((A[0::2] == -A[1::2]).all())
    return max(sides) if opposite and sides else 1.0


def _rows(
    network: ReluNetwork,
    domain: BoundedDomain,
    patterns: UInt8[np.ndarray, "regions bytes"],
    chunk: int,
) -> tuple[int, Iterator[Rows]]:
    """How many regions there are, and their rows in the chart, some at a time."""
    restricted = domain.restrict(network)
    sides, ends = domain_rows(domain)

    def chunks() -> Iterator[Rows]:
        for start in range(0, len(patterns), chunk):
            bits = unpack_bits(patterns[start : start + chunk], network.num_bits)
            A, b = halfspaces_batch(restricted, bits)
            yield (
                np.concatenate([A, np.tile(sides, (len(A), 1, 1))], axis=1),
                np.concatenate([b, np.tile(ends, (len(A), 1))], axis=1),
            )

    return len(patterns), chunks()


def _solved(
    rows: tuple[int, Iterator[Rows]],
    solve: Callable[[np.ndarray, np.ndarray], Found],
    one: Callable[[np.ndarray, np.ndarray], Rows],
    progress: Progress,
) -> Rows:
    """The answers of all regions; what a batch leaves open is solved alone."""
    total, chunks = rows
    first, second = [], []
    done = 0
    for A, b in chunks:
        u, v, good = solve(A, b)
        for k in np.flatnonzero(~good):
            u[k], v[k] = one(A[k], b[k])
        first.append(u)
        second.append(v)
        done += len(A)
        progress(done, total)
    if not first:
        raise ValueError("`patterns` is empty: at least one region is required.")
    return np.concatenate(first), np.concatenate(second)


def _batched_balls(A: np.ndarray, b: np.ndarray, reach: float) -> Found:
    """By the interior point."""
    from regions.lp.interior_point import chebyshev_balls

    balls = chebyshev_balls(A, b, max_radius=reach)
    return balls.centers, balls.radii, balls.converged & (balls.radii > 0.0)


def _batched_boxes(A: np.ndarray, b: np.ndarray) -> Found:
    """By the interior point."""
    from regions.lp.interior_point import bounding_boxes

    boxes = bounding_boxes(A, b)
    return boxes.lower, boxes.upper, np.all(boxes.converged, axis=(1, 2))


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
