"""What an engine finds."""

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

from regions.results.cells import Cells


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Regions found by an engine.

    Attributes:
        patterns: Packed patterns.
        coordinates: Points strictly inside, in chart coordinates.
        exact_witnesses: Rational points, where no float64 point was proved.
        complete: Whether these are all.
        stats: What the engine did.
        make_cells: Gives the vertices of the regions; None if it can not.
    """

    patterns: UInt8[np.ndarray, "regions bytes"]
    coordinates: Float64[np.ndarray, "regions dim"]
    exact_witnesses: dict[int, tuple[Fraction, ...]]
    complete: bool
    stats: dict[str, Any]
    make_cells: Callable[[], Cells] | None = None
