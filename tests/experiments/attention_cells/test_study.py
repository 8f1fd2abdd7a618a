"""Cells of attention heads against convex hulls and closed formulas."""

import itertools

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from experiments import attention_cells
from experiments.attention_cells.heads import (
    Heads,
    count_cells,
    most_cells,
    nearest,
    parallel,
    plain,
)
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(attention_cells.NAME, tmp_path_factory)


def test_the_smoke_run_meets_the_bound(finished):
    folder, summary = finished
    first, second, _ = summary["claims"]
    assert first["verdict"] == second["verdict"] == "confirmed"
    result = attention_cells.load(attention_cells.PRESETS["smoke"], folder)
    assert result.cells["parallel", 2, 4, 2].tolist() == [16] * 6


def _winners(heads: Heads) -> int:
    """The number of cells by a convex hull, in float64: vertices of a Minkowski sum.

    A choice of tokens has a cell if and only if the sum of their points (key, offset)
    is a vertex of the upper hull of all such sums.
    """
    points = np.concatenate([heads.rows, heads.offsets[:, :, None]], axis=2)
    sums = np.array([sum(chosen) for chosen in itertools.product(*points)])
    hull = ConvexHull(sums)
    upper = hull.simplices[hull.equations[:, -2] > 1e-9]
    return len(np.unique(upper))


@pytest.mark.parametrize(("dim", "tokens", "heads"), [(2, 5, 3), (3, 4, 2)])
def test_cells_are_the_vertices_of_a_minkowski_sum(dim, tokens, heads):
    drawn = nearest(dim, tokens, heads, 7)
    assert count_cells(drawn) == _winners(drawn) <= most_cells(dim, tokens, heads)


def test_cones_in_the_plane():
    """Products alone: a head's boundaries are rays, one between each two cells."""
    drawn = plain(2, 6, 2, 0)
    one, other = (
        Heads(drawn.rows[k : k + 1], drawn.offsets[k : k + 1]) for k in (0, 1)
    )
    assert count_cells(drawn) == count_cells(one) + count_cells(other)
    hull = ConvexHull(drawn.rows[0])
    assert count_cells(one) == len(hull.vertices)


def test_slabs_meet_in_all_ways_that_there_are():
    assert count_cells(parallel(2, 4, 2, 0)) == most_cells(2, 4, 2) == 4**2
    # Three families of three parallel lines, no three of them through one point.
    assert count_cells(parallel(2, 4, 3, 0)) == most_cells(2, 4, 3) == 1 + 9 + 27
