"""The facets of one polyhedron, among hundreds of rows in hundreds of dimensions.

The rows are those of a network: float64 has them up to a bound, integers exactly. A row
defines a facet exactly if some point violates it and satisfies all other rows. The
tests go from the cheapest to the exact, and each one proves its answer:

- rays from the Chebyshev center: the first row that one meets is a facet, and a point
  between the first and the second hit proves it, every sign with its error bound;
- one linear program per row that no ray met first, started where the last one ended:
  its optimum is such a point, or its multipliers prove that there is none;
- those multipliers once more, solved for in rational arithmetic;
- an exact linear program.
"""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.errors import EmptyPolyhedronError, SolverError
from regions.errors.limits import check, telling
from regions.lp.batch_proofs import prove_empty_batch
from regions.lp.blas import one_blas_thread
from regions.lp.exact_lp import Point, interior
from regions.lp.exact_rows import IntegerRow, as_fractions, equal_rows, proves_redundant
from regions.lp.solve import unit_rows
from regions.lp.warm_lp import WarmProgram
from regions.polytopes.facet_evidence import Evidence, FacetSearch, RowSystem
from regions.polytopes.facet_rays import first_hits, relaxed_feet
from regions.polytopes.polygons import search_polygon
from regions.signs.exact import nearest_float

ZOOMS = 3
ZOOM = 1e-5
_EPS = float(np.finfo(float).eps)
_SUPPORT = 1e-9
_BATCH_NUMBERS = 2**20


def search_facets(
    system: RowSystem,
    inside: Point | Float64[np.ndarray, " dim"],
    *,
    progress: Callable[[int, int], None] | None = None,
    max_radius: float | None = None,
) -> FacetSearch:
    """Decide every row.

    Args:
        system: The rows.
        inside: A point strictly inside.
        progress: Called with (rows decided, rows).
        max_radius: Cap on the radius of the ball; by default a large one.

    Raises:
        EmptyPolyhedronError: If a row is violated everywhere.
        SolverError: If a solver stops without an answer.
    """
    tell = _tell_nobody if progress is None else progress
    if isinstance(inside, np.ndarray) and len(inside) == 2 and max_radius is None:
        polygon = search_polygon(system, inside)
        if polygon is not None:
            tell(len(system.b), len(system.b))
            return polygon
    with one_blas_thread():
        return _search_with_one_thread(system, inside, tell, max_radius)


def _tell_nobody(done: int, total: int) -> None:
    """Progress in which no one is interested."""
    del done, total


def _search_with_one_thread(
    system: RowSystem,
    inside: Point | Float64[np.ndarray, " dim"],
    tell: Callable[[int, int], None],
    max_radius: float | None,
) -> FacetSearch:
    """The same by rays and linear programs; products are not shared out here."""
    total = len(system.b)
    tell(0, total)
    search = _Search(system, inside, max_radius)

    def decided() -> int:
        return total - len(search.undecided())

    def step() -> None:
        tell(decided(), total)
        check()

    with telling(
        lambda: f"{decided()} of {total} rows are decided", lambda: dict(search.facets)
    ):
        # Rays find most facets; then programs, whose proofs go many at a time; what
        # these leave is decided row by row.
        search.shoot_rays(step)
        for decide in (search.propose, search.decide):
            for row in search.undecided():
                step()
                decide(row)
            step()
            search.prove_proposed()
    tell(total, total)
    return FacetSearch(
        search.center,
        search.radius,
        dict(sorted(search.facets.items())),
        sorted(search.redundant),
        search.vanishing,
        search.counts,
    )


class _Search:
    """The state of one search, in units of the ball around its center."""

    def __init__(
        self,
        system: RowSystem,
        inside: Point | Float64[np.ndarray, " dim"],
        max_radius: float | None,
    ):
        self.system = system
        self.facets: dict[int, Evidence] = {}
        self.redundant: set[int] = set()
        self.vanishing: list[int] = []
        self.counts: Counter[str] = Counter()
        self._exact_rows: list[IntegerRow] | None = None
        # Rows that bound nothing, and copies of others, are decided before all else.
        self.kept = np.flatnonzero(~self._constants())
        A, b = system.A[self.kept], system.b[self.kept]
        self.normals, self.rhs, self.lengths = unit_rows(A, b)
        self.same = self._merge_equal()
        self.center, self.radius = self._ball(inside, max_radius)
        self._start = np.array([nearest_float(v) for v in self.center])
        self.slack = np.maximum(self.rhs - self.normals @ self._start, 0.0)
        self._warm: WarmProgram | None = None
        self._proposed: list[tuple[int, np.ndarray]] = []

    def exact_rows(self) -> list[IntegerRow]:
        """The rows without rounding, computed once."""
        if self._exact_rows is None:
            self._exact_rows = self.system.exact()
        return self._exact_rows

    def undecided(self) -> list[int]:
        """Rows still to be decided."""
        done = self.redundant | self.facets.keys()
        return [row for row in self.kept.tolist() if row not in done]

    def _constants(self) -> Bool[np.ndarray, " rows"]:
        """Rows without gradient; they hold everywhere, or there is no polyhedron."""
        # Floats tell which rows may be without gradient; integers decide.
        size = np.abs(self.system.A).sum(axis=1)
        flat = size <= self.system.error
        for row in np.flatnonzero(flat & (self.system.error > 0.0)).tolist():
            flat[row] = not any(self.exact_rows()[row][:-1])
        for row in np.flatnonzero(flat).tolist():
            if self.system.b[row] < 0.0 and self.exact_rows()[row][-1] < 0:
                raise EmptyPolyhedronError(f"row {row} is violated by every point.")
            self.redundant.add(row)
            if self.system.b[row] <= self.system.error[row]:
                self.vanishing.append(row)
        self.counts["constant"] += int(flat.sum())
        return flat

    def _merge_equal(self) -> dict[int, tuple[int, ...]]:
        """Keep one of each set of equal halfspaces; the others, by the one kept."""
        rows = np.column_stack([self.normals, self.rhs])
        # Floats tell which rows may be equal; integers decide.
        close = _close_rows(rows)
        if not len(close):
            return {}
        groups = equal_rows(self.exact_rows(), self.kept[close].tolist())
        dropped = {other for others in groups.values() for other in others}
        self.redundant |= dropped
        self.counts["same"] += len(dropped)
        left = np.array([row not in dropped for row in self.kept.tolist()], bool)
        self.kept, self.normals = self.kept[left], self.normals[left]
        self.rhs, self.lengths = self.rhs[left], self.lengths[left]
        return groups

    def _ball(
        self, inside: Point | np.ndarray, max_radius: float | None
    ) -> tuple[Point | np.ndarray, float]:
        """The Chebyshev ball if its center is proved inside, else the point given."""
        start = np.array([nearest_float(v) for v in inside])
        slack = np.maximum(self.rhs - self.normals @ start, 0.0)
        cap = 4.0 * float(slack.max(initial=1.0)) if max_radius is None else max_radius
        rows, dim = self.normals.shape
        # The deepest point: the center of the largest ball inside, up to the cap.
        G = np.zeros((rows + 1, dim + 1))
        G[:-1, :-1], G[:, -1] = self.normals, 1.0
        try:
            step, _ = WarmProgram(G, np.append(slack, cap)).optimum(G[-1])
        except SolverError:
            self.counts["no ball"] += 1
            return inside, float(min(cap, slack.min(initial=cap)))
        center = start + step[:-1]
        # The solver's center is used only if it is proved to be inside.
        if (self._gaps(center[None])[0] > 0.0).all():
            gaps = self.rhs - self.normals @ center
            return center, float(min(cap, gaps.min(initial=cap)))
        return inside, float(min(cap, slack.min(initial=cap)))

    def _gaps(self, points: np.ndarray) -> np.ndarray:
        """Slack of the kept rows at points, 0 where its sign is not proved."""
        A, b = self.system.A[self.kept], self.system.b[self.kept]
        slack = b - points @ A.T
        size = np.abs(points) @ np.abs(A).T + np.abs(b)
        bound = 2 * (A.shape[1] + 3) * _EPS * size + 1e-300
        reach = np.abs(points).max(axis=1, initial=1.0)[:, None] + 1.0
        bound += self.system.error[self.kept] * reach * (1.0 + 8 * _EPS)
        return np.where(np.abs(slack) > bound, slack, 0.0)

    def shoot_rays(self, step: Callable[[], None]) -> None:
        """Find facets by rays toward every row, then toward better points of it.

        `step` is called between steps; it may raise to stop.
        """
        if not len(self.kept):
            return
        self._take_hits(self.normals)
        missed = [k for k, row in enumerate(self.kept) if int(row) not in self.facets]
        if missed:
            step()
            targets = np.array(missed, np.int64)
            self._take_hits(relaxed_feet(self.normals, self.slack, targets, step))

    def _take_hits(self, rays: np.ndarray) -> None:
        """Record the facets that rays from the center meet first."""
        first, near, far = first_hits(self.normals, self.slack, rays)
        # Between the first and the second wall that a ray meets, only the first is
        # violated; half-way is farthest from both, but not far outside.
        far = np.minimum(far, 3.0 * near)
        new = [int(row) not in self.facets for row in self.kept[first]]
        usable = np.isfinite(near) & (far > near) & (near > 0.0) & np.array(new)
        index = np.flatnonzero(usable)
        ends = 0.5 * (near + far)[index]
        beyond = self._start + ends[:, None] * rays[index]
        self._record(first[index], beyond, near[index] / ends, "ray")

    def _record(
        self, which: np.ndarray, beyond: np.ndarray, crossing: np.ndarray, test: str
    ) -> None:
        """Keep the points that are proved to violate one row and no other."""
        # Proved: one row is violated, and all others hold.
        gaps = self._gaps(beyond)
        wanted = np.ones(gaps.shape)
        wanted[np.arange(len(which)), which] = -1.0
        for k in np.flatnonzero((np.sign(gaps) == wanted).all(axis=1)):
            row = int(self.kept[which[k]])
            if row not in self.facets:
                self.counts[test] += 1
                same = self.same.get(row, ())
                self.facets[row] = Evidence(beyond[k], same, float(crossing[k]))

    def _program(self) -> WarmProgram:
        """The rows around the center, in units of the radius."""
        if self._warm is None:
            unit = max(self.radius, 1e-300)
            self._warm = WarmProgram(self.normals, self.slack / unit)
        return self._warm

    def propose(self, row: int) -> None:
        """Decide a row that defines a facet; keep the multipliers of one that may not.

        Those are proved many at a time, which is what regions with few facets among
        many rows take.
        """
        k, unit = int(np.flatnonzero(self.kept == row)[0]), max(self.radius, 1e-300)
        own = self.slack[k] / unit
        try:
            step, duals = self._program().optimum(self.normals[k], k, max(own, 1.0))
        except SolverError:
            self.counts["solver failures"] += 1
            return
        # The optimum stays inside: its multipliers, with the row turned around, may
        # prove that no point violates it.
        if not self._records_facet(k, unit * step):
            duals[k] = 0.0
            weights = np.where(duals > _SUPPORT, duals, 0.0) / self.lengths
            self._proposed.append((k, np.append(weights, 1.0 / self.lengths[k])))

    def prove_proposed(self) -> None:
        """Prove the multipliers kept by `propose`, in float64."""
        system = self.system
        A, b, error = (x[self.kept] for x in (system.A, system.b, system.error))
        size = max(1, _BATCH_NUMBERS // max(1, A.size))
        for first in range(0, len(self._proposed), size):
            chunk = self._proposed[first : first + size]
            index = np.array([k for k, _ in chunk])
            proved = prove_empty_batch(
                _with_last(A, -A[index]),
                _with_last(b, -b[index]),
                np.array([weights for _, weights in chunk]),
                _with_last(error, error[index]),
                radius=system.reach,
            )
            self.counts["multipliers"] += int(proved.sum())
            self.redundant |= set(self.kept[index[proved]].tolist())
        self._proposed.clear()

    def decide(self, row: int) -> None:
        """Decide one row by a linear program, and prove the outcome.

        Where the outcome is too close for a proof, the program is solved again around
        the last optimum in finer units, which takes the solver's tolerance out.
        """
        k = int(np.flatnonzero(self.kept == row)[0])
        base, unit = np.zeros(len(self._start)), max(self.radius, 1e-300)
        program, own = self._program(), self.slack[k] / unit
        for zoom in range(ZOOMS):
            if zoom:
                # Around the last optimum the solver's tolerance is small beside the
                # gaps.
                unit *= ZOOM
                gaps = self.slack - self.normals @ base
                own = gaps[k] / unit
                program = WarmProgram(self.normals, gaps / unit)
            try:
                step, duals = program.optimum(self.normals[k], k, max(abs(own), 1.0))
            except SolverError:
                self.counts["solver failures"] += 1
                break
            base = base + unit * step
            if self._settles(k, base, duals):
                return
        self._decide_exactly(row)

    def _settles(self, k: int, step: np.ndarray, duals: np.ndarray) -> bool:
        """Whether the optimum, from the center on, or its multipliers are a proof."""
        if self._records_facet(k, step):
            return True
        duals[k] = 0.0
        return self._redundant_by(k, np.flatnonzero(duals > _SUPPORT), duals)

    def _records_facet(self, k: int, step: np.ndarray) -> bool:
        """Whether the optimum proves a facet, which is then recorded."""
        # The optimum lies beyond row k: go half of the way there, where the other rows
        # have room.
        reached = float(self.normals[k] @ step)
        if reached > self.slack[k]:
            crossing = self.slack[k] / reached
            end = 0.5 * (crossing + 1.0)
            beyond = self._start + end * step
            where = np.array([crossing / end])
            self._record(np.array([k]), beyond[None], where, "program")
        return int(self.kept[k]) in self.facets

    def _redundant_by(
        self, k: int, support: Int[np.ndarray, " some"], duals: np.ndarray
    ) -> bool:
        """Whether the multipliers prove row k redundant, in float64 or exactly."""
        row, others = int(self.kept[k]), self.kept[support]
        A, b, error = self.system.A, self.system.b, self.system.error
        weights = np.append(duals[support] / self.lengths[support], 1 / self.lengths[k])
        if len(support) and prove_empty_batch(
            np.vstack([A[others], -A[row]])[None],
            np.append(b[others], -b[row])[None],
            weights[None],
            np.append(error[others], error[row])[None],
            radius=self.system.reach,
        ):
            self.counts["multipliers"] += 1
        elif proves_redundant(self.exact_rows(), row, others.tolist()):
            self.counts["exact multipliers"] += 1
        else:
            return False
        self.redundant.add(row)
        return True

    def _decide_exactly(self, row: int) -> None:
        """Decide one row by an exact linear program."""
        rows = self.exact_rows()
        # All other rows, and this one turned around: is there a point?
        table = [rows[i] for i in self.kept.tolist() if i != row]
        table.append([-v for v in rows[row]])
        answer = interior([r[:-1] for r in table], [r[-1] for r in table])
        self.counts["exact programs"] += 1
        if answer.witness is None:
            self.redundant.add(row)
            return
        start, end = as_fractions(self.center), answer.witness
        *a, b = rows[row]
        # Where the segment from the center to that point crosses the row.
        here = b - sum((v * x for v, x in zip(a, start, strict=True)), Fraction(0))
        there = b - sum((v * x for v, x in zip(a, end, strict=True)), Fraction(0))
        crossing = float(here / (here - there))
        self.facets[row] = Evidence(end, self.same.get(row, ()), crossing)


def _with_last(rows: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The same rows for each of a batch, followed by one of its own."""
    shared = np.broadcast_to(rows, (len(last), *rows.shape))
    return np.concatenate([shared, last[:, None]], axis=1)


def _close_rows(rows: Float64[np.ndarray, "rows width"]) -> Int[np.ndarray, " some"]:
    """Rows that may be equal to another one, being so nearly."""
    scale = 1.0 + np.abs(rows).max(initial=0.0)
    probe = np.random.default_rng(1).standard_normal(rows.shape[1])
    heights = rows @ (probe / np.linalg.norm(probe))
    order = np.argsort(heights)
    near = np.diff(heights[order]) < 1e-8 * scale
    touched = np.zeros(len(rows), bool)
    touched[order[1:][near]] = True
    touched[order[:-1][near]] = True
    return np.flatnonzero(touched)
