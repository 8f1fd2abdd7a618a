"""Plans of pieces: the same at each call, of about the size asked for."""

import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.pieces.count import count_by_pieces, count_face
from regions.pieces.plan import Problem, plan_pieces
from tests.regions.pieces.helpers import net, one_layer


def test_plan_does_not_depend_on_the_call_and_adds_up_volumes():
    problem = Problem.of(net("d3_16x2"), Box.cube(3))
    plan = plan_pieces(problem, 100)
    assert plan == plan_pieces(problem, 100)
    assert len({piece.face for piece in plan}) == len(plan)
    full = [piece.face for piece in plan if len(piece.face.free) == 3]
    sizes = [np.prod(np.subtract(f.upper, f.lower)) for f in full]
    assert np.isclose(sum(sizes), 8.0)


def one_unit(dim):
    """A network whose only boundary is the diagonal hyperplane."""
    return one_layer([np.ones(dim)], [0.1])


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_plan_ends_where_cutting_does_not_help(dim):
    # Each box on the diagonal has two regions, however small it is.
    found = count_by_pieces(one_unit(dim), Box.cube(dim), piece_regions=1)
    assert found.count == 2
    assert found.stats["pieces"] < 500


def test_estimates_are_right_within_a_factor_of_three():
    problem = Problem.of(net("d3_32x2"), Box.cube(3))
    plan = [p for p in plan_pieces(problem, 1500) if len(p.face.free) == 3]
    counts = np.array([count_face(problem, piece.face) for piece in plan])
    ratios = counts / [piece.work for piece in plan]
    assert 1 / 3 < ratios.min() <= ratios.max() < 3
