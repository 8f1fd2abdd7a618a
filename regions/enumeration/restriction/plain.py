"""Betti numbers by deletion and restriction in Python's integers: the plain form.

The Betti number `b_k` of an arrangement is the absolute value of the k-th coefficient
of its characteristic polynomial; the number of regions is their sum (Zaslavsky). Since
`r(A) = 1 + sum_i r(traces of A_1 .. A_{i-1} on A_i)`, and the same holds for every
trace, `b_k` counts the chains of k restrictions.
"""

from collections.abc import Callable, Sequence

from regions.enumeration.restriction.hyperplanes import (
    Row,
    distinct_hyperplanes,
    primitive,
)


class Chains:
    """Counts chains of restrictions; what is counted so far is a lower bound.

    Attributes:
        betti: Chains found by their length; all of them once `complete`.
        complete: Whether all are counted.
        done: Share of the first hyperplanes whose chains are all counted.
    """

    def __init__(self, rows: Sequence[Row], rank: int):
        self.betti = [1] + [0] * rank
        self.complete = False
        self.done = 0.0
        self._rows = list(rows)

    def count(self, stop: Callable[[], bool], tell: Callable[[float], None]) -> None:
        """Count until all is counted or `stop` says so, which is asked often."""
        rows = self._rows
        self.betti[1:2] = [len(rows)] * (len(self.betti) > 1)
        for i, row in enumerate(rows):
            if stop():
                return
            if len(self.betti) > 2 and not self._descend(
                traces(rows[:i], row), 2, stop
            ):
                return
            # Chains of length k from the first i hyperplanes grow like i ** k.
            self.done = ((i + 1) / len(rows)) ** (len(self.betti) - 1)
            tell(self.done)
        self.complete = True

    def _descend(self, rows: list[Row], depth: int, stop: Callable[[], bool]) -> bool:
        """Count the chains of some traces; False if it was stopped."""
        self.betti[depth] += len(rows)
        if depth == len(self.betti) - 1:
            return True
        for i in range(1, len(rows)):
            if depth <= 3 and stop():
                return False
            if not self._descend(traces(rows[:i], rows[i]), depth + 1, stop):
                return False
        return True


def traces(rows: Sequence[Row], on: Row) -> list[Row]:
    """The distinct traces of hyperplanes on another, in one dimension less."""
    return distinct_hyperplanes(restricted(rows, on))


def distinct_traces(rows: Sequence[Row], on: Row) -> tuple[list[Row], list[int]]:
    """The same, and the first hyperplane of each trace; none may be parallel."""
    first: dict[Row, int] = {}
    for j, row in enumerate(restricted(rows, on)):
        first.setdefault(primitive(row), j)
    return list(first), list(first.values())


def restricted(rows: Sequence[Row], on: Row) -> list[list[int]]:
    """Forms on a hyperplane, a coordinate of which is eliminated."""
    p = next(k for k, v in enumerate(on) if v)
    head, rest = on[p], [(k, v) for k, v in enumerate(on) if k != p]
    return [[row[k] * head - row[p] * v for k, v in rest] for row in rows]
