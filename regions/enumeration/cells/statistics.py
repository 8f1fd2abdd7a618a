"""What splitting cells took."""

import dataclasses

from regions.results.statistics import Statistics

PLANE = "the domain is a bounded plane"
"""Why cells are chosen."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellsStats(Statistics):
    """What splitting cells took.

    Attributes:
        cells_split: Cells that were split.
        signs_tested_exactly: Signs that the float64 bounds left open.
        signs_decided_in_rationals: Signs that needed rational arithmetic.
        units_tested: Units tested against cells, each once for each cell.
        exact_witnesses: Regions whose witness is rational.
        cells_seconds: Time on the cells.
    """

    cells_split: int = 0
    signs_tested_exactly: int = 0
    signs_decided_in_rationals: int = 0
    units_tested: int | None = None
    exact_witnesses: int | None = None
    cells_seconds: float | None = None
