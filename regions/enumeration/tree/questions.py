"""Questions about cells that the tree asks, each answered with a proof.

The order of the tests goes from the cheapest to the exact; every answer is certain.
"""

import dataclasses
import threading
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import BoundedDomain
from regions.enumeration.stages import Stages
from regions.enumeration.tree.cells import NO_ROW, TreeCells, reach_of, value_doubt
from regions.enumeration.tree.loading import KERNELS, LONG
from regions.lp.batch_proofs import prove_empty_batch, prove_witness_batch
from regions.lp.chebyshev import small_batch_balls
from regions.lp.exact_lp import interior
from regions.network import ReluNetwork
from regions.signs.exact import ExactNetwork, dyadic, nearest_float
from regions.signs.rounding import certain_signs

SMALL_NETWORK = 8
"""Up to so many units the compiler takes longer to load than all programs."""
MAX_BATCHED_DIM = 12
"""Up to here programs go in batches; above, the simplex method takes one at a time."""

PROGRAMS_EACH = 1024
"""Programs in a batch, at most: between batches it is asked whether to stop."""


def _go_on() -> None:
    """Does not stop."""


class Balls(NamedTuple):
    """What programs say of some cells, and what of it is proved.

    Attributes:
        centers: Centers of largest balls.
        radii: Their radii; negative where a cell seems empty.
        weights: Multipliers of the rows, zero where they are no numbers.
        inside: Where the center is proved to lie strictly inside.
        empty: Where the multipliers as they are prove that there is no point.
    """

    centers: np.ndarray
    radii: np.ndarray
    weights: np.ndarray
    inside: np.ndarray
    empty: np.ndarray


class Questions:
    """Answers for one network on one domain.

    Attributes:
        counts: Decisions by the test that made them: `bounds`, `ball`, `lp` (a point
            found), `farkas` (emptiness proved in float64), `exact`; and `lps` solved.
        check: Called between parts of the work on a question; may raise to stop. The
            question then has no answer, and no cell was changed.
    """

    def __init__(
        self,
        network: ReluNetwork,
        domain: BoundedDomain,
        stages: Stages | None = None,
    ):
        self._stages = Stages() if stages is None else stages
        self.check: Callable[[], None] = _go_on
        self._exact = ExactNetwork(network, domain)
        A, b = domain.rows()
        self.num_facets = len(b)
        self._facets = [
            dyadic(np.append(row, right))[0] for row, right in zip(A, b, strict=True)
        ]
        self._first = network.unit_starts
        at_origin = domain.is_chart_identity or not any(domain.rational_chart()[0])
        self._bias_free = at_origin and not any(v.bias.any() for v in network.hidden)
        self.counts: Counter[str] = Counter()
        self._is_small = sum(network.widths) <= SMALL_NETWORK
        self._lock = threading.Lock()

    @property
    def _simplex(self) -> Any:
        """The compiled programs; None where the plain ones should be used.

        That depends on the network alone, and so does the order of regions, but for
        code that is compiled meanwhile: it is used as soon as it is there.
        """
        return self._compiled("simplex")

    @property
    def _proofs(self) -> Any:
        """The compiled proofs, where there are compiled programs."""
        return self._compiled("quick_proofs")

    def _compiled(self, name: str) -> Any:
        """A compiled module, unless the plain form should be used."""
        return None if self._is_small else KERNELS.load(name, ahead=LONG)

    def note(self, test: str, decisions: int) -> None:
        """Count decisions; blocks of cells are worked on side by side."""
        with self._lock:
            self.counts[test] += decisions

    def signs_at_witnesses(
        self, cells: TreeCells, form: Any, unit: int
    ) -> tuple[Int[np.ndarray, " cells"], Bool[np.ndarray, " cells"]]:
        """Exact sign of a unit at the witness of each cell; where it vanishes all over.

        (The second is only looked at where the sign is 0.)
        """
        # Float64, with the bound of its error.
        value = (form.gradient * cells.center).sum(1) + form.offset
        size = (np.abs(form.gradient) * np.abs(cells.center)).sum(1)
        size += np.abs(form.offset)
        bound = value_doubt(form.doubt, size, np.abs(cells.center).max(1), cells.dim)
        rational = np.array([e is not None for e in cells.exact], bool)
        sign = certain_signs(value, bound).astype(np.int64)
        flat = np.zeros(len(cells), bool)
        # What is open, and what has a rational witness, in integers.
        for k in np.flatnonzero((sign == 0) | rational).tolist():
            self.check()
            row = self._forms(cells, k, unit)[unit]
            point = witness_of(cells, k)
            exact = sum(
                (c * x for c, x in zip(row, [*point, 1], strict=True)), Fraction(0)
            )
            sign[k] = (exact > 0) - (exact < 0)
            flat[k] = not any(row)
        return sign, flat

    def find_points(
        self,
        cells: TreeCells,
        guess: Float64[np.ndarray, "cells dim"],
        guess_radius: Float64[np.ndarray, " cells"],
        parent_radius: Float64[np.ndarray, " cells"],
        asked: Bool[np.ndarray, " cells"],
    ) -> tuple[Bool[np.ndarray, " cells"], TreeCells]:
        """Which cells have an interior, and those cells with a point in each.

        Args:
            cells: Cells as rows; their witnesses are not read.
            guess: Points that may lie inside; NaN for none.
            guess_radius: Radius to expect around the guesses.
            parent_radius: Radius of the cell that each was cut from.
            asked: Where to ask at all; the others have no interior.
        """
        # First the guess: one product a row proves it.
        center, radius = guess.copy(), guess_radius.copy()
        found = np.zeros(len(cells), bool)
        hinted = np.flatnonzero(asked & np.isfinite(guess).all(axis=1))
        found[hinted] = self._strictly_inside(cells.take(hinted), guess[hinted])
        self.note("ball", int(found.sum()))
        exact = np.full(len(cells), None, object)
        # Then the center of a largest ball, proved in the same way.
        left = np.flatnonzero(asked & ~found)
        if len(left):
            part = cells.take(left)
            balls = self._balls(part)
            center[left], radius[left] = balls.centers, np.maximum(balls.radii, 0.0)
            found[left] = balls.inside
            self.note("lp", int(balls.inside.sum()))
            self._settle(part, left, balls, found, center, radius, exact)
        result = dataclasses.replace(cells, center=center, radius=radius, exact=exact)
        # A guess in a corner of its cell is a poor start for what comes: those cells
        # get a ball of their own.
        small = found & (radius < 0.25 * parent_radius)
        small[left] = False
        return found, self.recentered(result, np.flatnonzero(small))

    def _settle(
        self,
        part: TreeCells,
        left: np.ndarray,
        balls: "Balls",
        found: np.ndarray,
        center: np.ndarray,
        radius: np.ndarray,
        exact: np.ndarray,
    ) -> None:
        """Decide the cells in which the linear program found no proved point."""
        # The duals of the program are weights that may prove emptiness: as they are;
        # near them, exactly balanced, for cones; near them in general.
        empty = balls.empty.copy()
        rest = np.flatnonzero(~balls.inside & ~empty)
        if len(rest) and self._bias_free and self._simplex is not None:
            rows, cone = part.take(rest).inequalities(), np.zeros(len(rest), bool)
            self._proofs.excluded_cones(*rows, balls.weights[rest], cone)
            empty[rest] = cone
            rest = rest[~cone]
        if len(rest):
            empty[rest] = self._prove_empty(part.take(rest), balls.weights[rest])
        self.note("farkas", int(empty.sum()))
        # What is neither proved to have a point nor to be empty, an exact program
        # decides.
        for k in rest[~empty[rest]].tolist():
            self.check()
            self.note("exact", 1)
            where = left[k]
            with self._stages("programs"):
                point = self._exact_interior(part, k)
            if point is None:
                continue
            found[where], radius[where] = True, 0.0
            center[where] = [nearest_float(v) for v in point]
            # The nearest floats may lie outside a thin cell: it then keeps its rational
            # point.
            one = part.take(slice(k, k + 1))
            if not self._strictly_inside(one, center[where][None])[0]:
                exact[where] = point

    def _prove_empty(
        self, cells: TreeCells, weights: Float64[np.ndarray, "cells rows"]
    ) -> Bool[np.ndarray, " cells"]:
        """Whether cells are proved to be empty by weights near those given."""
        A, b, doubt = cells.inequalities()
        return prove_empty_batch(
            A,
            b,
            weights,
            row_error=doubt,
            # Without biases every right-hand side is zero, and not just nearly so.
            right_error=np.where(b == 0.0, 0.0, doubt) if self._bias_free else None,
            radius=float(reach_of(cells).max()),
        )

    def recentered(self, cells: TreeCells, which: np.ndarray) -> TreeCells:
        """The cells with better balls for some of them, where the program finds one."""
        if not len(which):
            return cells
        balls = self._balls(cells.take(which))
        better = balls.inside & (balls.radii > cells.radius[which])
        center, radius = cells.center.copy(), cells.radius.copy()
        center[which[better]] = balls.centers[better]
        radius[which[better]] = balls.radii[better]
        exact = cells.exact.copy()
        exact[which[better]] = None
        return dataclasses.replace(cells, center=center, radius=radius, exact=exact)

    def _balls(self, cells: TreeCells) -> "Balls":
        """Chebyshev balls and duals by batched linear programs, and what they prove."""
        self.note("lps", len(cells))
        cap = max(float((cells.high - cells.low).max()), 1e-300)
        batched = self._simplex is not None or cells.dim <= MAX_BATCHED_DIM
        step = PROGRAMS_EACH if batched else 1
        found: list[Balls] = []
        for start in range(0, len(cells), step):
            self.check()
            part = cells.take(slice(start, start + step))
            # Their rows are put side by side once, for programs and proofs.
            A, b, doubt = part.inequalities()
            with self._stages("programs"):
                centers, radii, duals = self._balls_of(A, b, cap)
            weights = np.where(np.isfinite(duals), duals, 0.0)
            inside = self._inside(A, b, doubt, centers)
            empty = np.zeros(len(part), bool)
            if self._simplex is not None:
                reach = float(reach_of(part).max())
                self._proofs.excluded(A, b, doubt, weights, reach, empty)
            found.append(Balls(centers, radii, weights, inside, empty & ~inside))
        return Balls(*map(np.concatenate, zip(*found, strict=True)))

    def _balls_of(
        self, A: np.ndarray, b: np.ndarray, cap: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same of one batch; of one cell where they do not go in batches."""
        simplex = self._simplex
        if simplex is not None:
            return _balls_by_simplex(simplex, A, b, cap)
        with KERNELS.plain_work(None):
            if A.shape[2] <= MAX_BATCHED_DIM:
                return small_batch_balls(A, b, cap)
            return _ball_by_simplex(A, b, cap)

    def _strictly_inside(
        self, cells: TreeCells, points: Float64[np.ndarray, "cells dim"]
    ) -> Bool[np.ndarray, " cells"]:
        """Whether points are proved to lie strictly inside cells."""
        return self._inside(*cells.inequalities(), points)

    def _inside(
        self, A: np.ndarray, b: np.ndarray, doubt: np.ndarray, points: np.ndarray
    ) -> Bool[np.ndarray, " cells"]:
        """The same for the rows of cells."""
        if self._simplex is not None:
            inside = np.empty(len(b), bool)
            self._proofs.inside(A, b, doubt, points, inside)
            return inside
        usable = np.all(np.isfinite(points), axis=1)
        safe = np.where(usable[:, None], points, 0.0)
        proved = prove_witness_batch(A, b, safe, row_error=doubt)
        return np.logical_and(usable, proved)

    def _forms(self, cells: TreeCells, k: int, unit: int) -> list[list[int]]:
        """Exact affine forms, on one cell, of the units up to the layer of `unit`."""
        layer = int(np.searchsorted(self._first, unit, side="right"))
        return self._exact.affine_forms(cells.bits[k], layers=layer)

    def _exact_interior(self, cells: TreeCells, k: int) -> tuple[Fraction, ...] | None:
        """A rational point strictly inside one cell; None if there is none."""
        ids = [v for v in cells.ids[cells.rows[k]].tolist() if v != NO_ROW]
        forms = self._forms(cells, k, cells.unit - 1)
        A, b = [], []
        # The rows of the cell without rounding: facets, and units with their sides.
        for row_id in ids:
            if row_id < self.num_facets:
                *a, right = self._facets[row_id]
            else:
                unit = row_id - self.num_facets
                sign = 1 if cells.bits[k, unit] else -1
                *gradient, offset = forms[unit]
                a, right = [-sign * v for v in gradient], sign * offset
            A.append(a)
            b.append(right)
        return interior(A, b).witness


def _balls_by_simplex(
    simplex: Any,
    A: Float64[np.ndarray, "cells rows dim"],
    b: Float64[np.ndarray, "cells rows"],
    cap: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chebyshev balls and duals of cells by the compiled simplex method: hints."""
    count, rows, dim = A.shape
    centers, radii = np.empty((count, dim)), np.empty(count)
    duals, solved = np.empty((count, rows)), np.empty(count, bool)
    A, b = np.ascontiguousarray(A), np.ascontiguousarray(b)
    simplex.balls(A, b, cap, centers, radii, duals, solved)
    open_ = np.flatnonzero(~solved)
    if len(open_):
        # The other method, which needs no pivots, has its own difficulties.
        part = small_batch_balls(A[open_], b[open_], cap)
        centers[open_], radii[open_], duals[open_] = part
    return centers, radii, duals


def _ball_by_simplex(
    A: Float64[np.ndarray, "1 rows dim"], b: Float64[np.ndarray, "1 rows"], cap: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Center, radius and duals of one Chebyshev ball by HiGHS: a hint, not a proof.

    NaN where the solver gives up; the exact program decides then.
    """
    # Loading SciPy's optimizers takes longer than most programs here.
    from scipy.optimize import linprog

    dim = A.shape[2]
    lengths = np.linalg.norm(A[0], axis=1)
    safe = np.where(lengths > 0.0, lengths, 1.0)
    answer = linprog(
        np.append(np.zeros(dim), -1.0),
        A_ub=np.column_stack([A[0] / safe[:, None], lengths > 0.0]),
        b_ub=b[0] / safe,
        bounds=[(None, None)] * dim + [(None, cap)],
        method="highs",
    )
    if answer.status != 0:
        return np.full((1, dim), np.nan), np.zeros(1), np.zeros_like(b)
    duals = -answer.ineqlin.marginals / safe
    return answer.x[None, :-1], answer.x[-1:], duals[None]


def witness_of(cells: TreeCells, k: int) -> tuple[Fraction, ...]:
    """The point strictly inside a cell, as exact numbers."""
    if cells.exact[k] is not None:
        return cells.exact[k]
    return tuple(Fraction(float(v)) for v in cells.center[k])
