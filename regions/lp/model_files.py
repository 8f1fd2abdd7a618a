"""Mixed-integer linear programs, and their files: free MPS, and the LP format.

All digits of float64 are written, which most writers do not do. Rows are `<=` and `=`.
"""

import dataclasses
import math
import os
import pathlib
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from regions.files.writing import write_text


class Row(NamedTuple):
    """A row: the sum of weights times columns is at most `right`, or equal to it.

    Attributes:
        name: Its name.
        weights: By the names of columns.
        right: The right-hand side.
        is_equal: Whether equality is meant.
    """

    name: str
    weights: dict[str, float]
    right: float
    is_equal: bool = False


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class MixedIntegerProgram:
    """A program; names of columns and rows have no blanks and begin with a letter.

    Attributes:
        columns: Lower and upper end of each column, by name; infinite for none.
        binaries: Columns that are 0 or 1.
        rows: The rows.
        objective: Weights of columns.
        maximize: Whether the objective is to be large.
        comment: Said at the head of the file.

    Example:
        >>> rows = [Row("cover", {"x": 1.0, "z": -2.0}, 0.5)]
        >>> columns = {"x": (0.0, math.inf), "z": (0.0, 1.0)}
        >>> program = MixedIntegerProgram(columns, {"z"}, rows, {"x": 1.0}, True)
        >>> print(program.lp())
        Maximize
         objective: 1.0 x
        Subject To
         cover: 1.0 x -2.0 z <= 0.5
        Bounds
         0.0 <= x <= +inf
         0.0 <= z <= 1.0
        Binaries
         z
        End
    """

    columns: dict[str, tuple[float, float]]
    binaries: set[str]
    rows: Sequence[Row]
    objective: dict[str, float]
    maximize: bool
    comment: str = ""

    def __repr__(self) -> str:
        return (
            f"MixedIntegerProgram({len(self.columns)} columns, {len(self.binaries)} "
            f"binary, {len(self.rows)} rows)"
        )

    def save(self, path: str | os.PathLike[str]) -> pathlib.Path:
        """Write the program, whole or not at all.

        Args:
            path: A name ending in `.mps` or `.lp`.

        Raises:
            ValueError: If it ends otherwise.
        """
        path = pathlib.Path(path)
        if path.suffix not in (".mps", ".lp"):
            raise ValueError(
                f"`path` is {path}: programs are saved as .mps or .lp; rename it."
            )
        text = self.mps() if path.suffix == ".mps" else self.lp()
        write_text(path, text + "\n")
        return path

    def lp(self) -> str:
        """The text in the LP format."""
        lines = [f"\\ {line}" for line in self.comment.splitlines()]
        lines += ["Maximize" if self.maximize else "Minimize"]
        lines += _sum("objective", self.objective, "")
        lines += ["Subject To"]
        for row in self.rows:
            sign = "=" if row.is_equal else "<="
            lines += _sum(row.name, row.weights, f"{sign} {row.right!r}")
        lines += ["Bounds"]
        lines += [
            f" {_end(low)} <= {name} <= {_end(high)}"
            for name, (low, high) in self.columns.items()
        ]
        if self.binaries:
            lines += ["Binaries", *(f" {name}" for name in sorted(self.binaries))]
        return "\n".join([*lines, "End"])

    def mps(self) -> str:
        """The text in the free MPS format."""
        lines = [f"* {line}" for line in self.comment.splitlines()]
        lines += ["NAME network", "OBJSENSE", "    MAX" if self.maximize else "    MIN"]
        lines += ["ROWS", " N objective"]
        lines += [f" {'E' if row.is_equal else 'L'} {row.name}" for row in self.rows]
        lines += ["COLUMNS", *self._mps_columns(), "RHS"]
        lines += [f" rhs {row.name} {row.right!r}" for row in self.rows if row.right]
        lines += ["BOUNDS"]
        for name, ends in self.columns.items():
            if name in self.binaries:
                lines.append(f" BV bound {name}")
            else:
                lines += _mps_bounds(name, *ends)
        return "\n".join([*lines, "ENDATA"])

    def _mps_columns(self) -> Iterator[str]:
        """Entries by column, and marks around those that are binary."""
        entries: dict[str, list[str]] = {name: [] for name in self.columns}
        rows = [("objective", self.objective)]
        rows += [(row.name, row.weights) for row in self.rows]
        for row, weights in rows:
            for name, weight in weights.items():
                entries[name].append(f" {name} {row} {weight!r}")
        ordered = sorted(self.columns, key=self.binaries.__contains__)
        for k, name in enumerate(ordered):
            if name in self.binaries and (not k or ordered[k - 1] not in self.binaries):
                yield " mark1 'MARKER' 'INTORG'"
            # A column must stand here, even if no row has it.
            yield from entries[name] or [f" {name} objective 0.0"]
        if self.binaries:
            yield " mark2 'MARKER' 'INTEND'"


def _sum(name: str, weights: dict[str, float], end: str) -> list[str]:
    """A sum of columns in the LP format, in lines that every reader takes."""
    terms = [f"{weight!r} {column}" for column, weight in weights.items()]
    signed = [t if t.startswith("-") or not k else f"+{t}" for k, t in enumerate(terms)]
    text = " ".join([f"{name}:", *signed, end]).rstrip()
    return [f" {line}" for line in textwrap.wrap(text, 240, break_on_hyphens=False)]


def _end(value: float) -> str:
    """An end of a bound in the LP format."""
    return repr(value) if math.isfinite(value) else ("+inf" if value > 0 else "-inf")


def _mps_bounds(name: str, low: float, high: float) -> list[str]:
    """Bounds of a column that is not binary."""
    if math.isinf(low) and math.isinf(high):
        return [f" FR bound {name}"]
    lines = [f" LO bound {name} {low!r}" if math.isfinite(low) else f" MI bound {name}"]
    return [*lines, *([f" UP bound {name} {high!r}"] if math.isfinite(high) else [])]
