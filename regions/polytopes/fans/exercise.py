"""A small problem that runs the compiled loops."""

import numpy as np

from regions.polytopes.fans.measuring import (
    measured,
    measured_ramps,
    measured_sides,
    words_of_rows,
)


def exercise() -> None:
    """Measure one triangle; loads or compiles what it calls."""
    rows = np.array([[0, 1], [1, 2], [2, 0]], np.int32)
    end, members = np.array([3]), np.arange(3)
    zeros = words_of_rows(end, members, rows)
    x = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    polytope = end, x, np.zeros(3), zeros
    measured(*polytope, np.zeros((1, 3)), np.zeros((1, 3)), 1)
    g = np.zeros((3, 1, 1)), np.zeros((1, 1))
    measured_sides(*polytope, x[0], np.zeros(3))
    measured_ramps(*polytope, *g, np.ones(1), np.zeros(1), 2)
