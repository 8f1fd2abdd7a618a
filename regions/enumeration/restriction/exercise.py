"""Small problems that call every compiled function of restriction."""

import numpy as np

from regions.domains.shapes import Box
from regions.enumeration.restriction.corners import domain_corners
from regions.enumeration.restriction.fast import FastChains
from regions.enumeration.restriction.fast_polytopes import FastPolytopes
from regions.enumeration.restriction.hyperplanes import (
    distinct_hyperplanes,
    essential,
)
from regions.enumeration.restriction.polytopes import crossing
from regions.enumeration.restriction.symmetry import SymmetricFlats, Symmetries


def exercise() -> None:
    """Count a few regions in every way; loads or compiles what it calls."""
    rows = np.random.default_rng(0).integers(-3, 4, (7, 4)).tolist()
    hyperplanes = distinct_hyperplanes(rows)
    arrangement = essential(hyperplanes)
    box = Box.cube(3)
    corners, facets = domain_corners(box)
    for counter in (
        FastChains(arrangement.rows, arrangement.rank),
        SymmetricFlats(arrangement.central, Symmetries(arrangement.central)),
        FastPolytopes(crossing(hyperplanes, corners), corners, facets),
    ):
        counter.count(lambda: False, lambda share: None)
