"""Many linear programs over the same rows, each started where the last one ended.

A thin wrapper of HiGHS, which CVXPY would start anew for every program. Only hints come
from here: whoever asks proves the answer (`regions.polytopes.facet_search`);
`regions.lp.solve` is the reference that the answers are tested against.
"""

import highspy
import numpy as np
from jaxtyping import Float64

from regions.errors import SolverError
from regions.errors.limits import check

TOLERANCE = 1e-10
LARGE = 20_000
"""Entries from which on a program takes so long that it must hear limits."""


class Hearing:
    """Runs HiGHS so that limits and Ctrl-C are heard while it works.

    Args:
        highs: The solver.
        size: Entries of the program; small ones end soon enough by themselves.
    """

    def __init__(self, highs: highspy.Highs, size: int):
        self._highs = highs
        self._ended: BaseException | None = None
        if size >= LARGE:
            highs.cbSimplexInterrupt += self._look

    def run(self) -> highspy.HighsModelStatus:
        """Solve; the status.

        Raises:
            LimitError: If a limit of the blocks around fell.
        """
        check()
        self._highs.run()
        if self._ended is not None:
            ended, self._ended = self._ended, None
            raise ended
        return self._highs.getModelStatus()

    def _look(self, event: highspy.highs.HighsCallbackEvent) -> None:
        """Called by HiGHS in every step, and by Python's signals through it."""
        try:
            check()
        except BaseException as error:  # noqa: BLE001
            # HiGHS can not pass it on: `run` does.
            self._ended = error
            event.interrupt()


class WarmProgram:
    """`max c.x` subject to `G x <= h`, for one G and many c.

    Args:
        G: Rows, best of unit length.
        h: Right-hand sides.
        primal: Whether to walk over feasible points, which suits a change of c.
    """

    def __init__(
        self,
        G: Float64[np.ndarray, "rows dim"],
        h: Float64[np.ndarray, " rows"],
        *,
        primal: bool = True,
    ):
        rows, dim = G.shape
        self._h = h.copy()
        self._columns = np.arange(dim, dtype=np.int32)
        self._highs = highspy.Highs()
        for name, value in {
            "output_flag": False,
            "threads": 1,
            "presolve": "off",
            "simplex_strategy": 4 if primal else 1,
            "primal_feasibility_tolerance": TOLERANCE,
            "dual_feasibility_tolerance": TOLERANCE,
        }.items():
            self._highs.setOptionValue(name, value)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = dim, rows
        program.sense_ = highspy.ObjSense.kMaximize
        program.col_cost_ = np.zeros(dim)
        program.col_lower_ = np.full(dim, -highspy.kHighsInf)
        program.col_upper_ = np.full(dim, highspy.kHighsInf)
        program.row_lower_ = np.full(rows, -highspy.kHighsInf)
        program.row_upper_ = self._h
        row, column = np.nonzero(G)
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        starts = np.searchsorted(row, np.arange(rows + 1))
        program.a_matrix_.start_ = starts.astype(np.int32)
        program.a_matrix_.index_ = column.astype(np.int32)
        program.a_matrix_.value_ = G[row, column]
        self._highs.passModel(program)
        self._hearing = Hearing(self._highs, G.size)

    def optimum(
        self,
        c: Float64[np.ndarray, " dim"],
        relaxed: int | None = None,
        by: float = 0.0,
    ) -> tuple[Float64[np.ndarray, " dim"], Float64[np.ndarray, " rows"]]:
        """An optimum and the multipliers of the rows.

        Args:
            c: The cost.
            relaxed: A row to move outward for this program.
            by: How far.

        Raises:
            SolverError: If HiGHS does not end at an optimum.
        """
        self._highs.changeColsCost(len(c), self._columns, np.ascontiguousarray(c))
        if relaxed is not None:
            self._bound(relaxed, self._h[relaxed] + by)
        status = self._hearing.run()
        if status != highspy.HighsModelStatus.kOptimal:
            # A basis that went bad is forgotten, once.
            self._highs.clearSolver()
            status = self._hearing.run()
        solution = self._highs.getSolution()
        if relaxed is not None:
            self._bound(relaxed, self._h[relaxed])
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(
                "linear program not solved",
                status=self._highs.modelStatusToString(status),
            )
        return np.array(solution.col_value), np.abs(np.array(solution.row_dual))

    def _bound(self, row: int, value: float) -> None:
        """Set the right-hand side of a row."""
        self._highs.changeRowBounds(row, -highspy.kHighsInf, value)
