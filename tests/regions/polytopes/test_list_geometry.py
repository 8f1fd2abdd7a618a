from fractions import Fraction

import jax
import numpy as np
import pytest

from regions.domains.shapes import Box, Segment, Simplex, Slice, WholeSpace
from regions.enumeration import enumerate_regions
from regions.errors import SolverError
from regions.lp import exact_lp, solve
from regions.network import ReluNetwork
from regions.patterns.halfspaces import halfspaces, halfspaces_batch
from regions.patterns.kernel import kernel_inputs
from regions.patterns.packing import bytes_to_words, pack_bits
from regions.patterns.traced_rows import pattern_rows
from regions.polytopes import list_geometry
from regions.polytopes.list_geometry import SOLVERS, list_balls, list_boxes
from tests.helpers import random_network
from tests.zoo import ZOO

EDGES = np.array([-1.0, -0.25, -0.25 + 2.0**-30, 0.5, 1.0])
"""Where walls stand along each axis; two of them nearly touch."""


def lattice():
    """Units that vanish on the walls: the regions are rectangles."""
    walls = EDGES[1:-1]
    weights = np.concatenate([np.tile([[1.0, 0.0]], (3, 1)), [[0.0, 1.0]] * 3])
    return ReluNetwork.from_arrays(
        [weights, np.ones((1, 6))], [np.append(-walls, -walls), np.zeros(1)]
    )


def rectangles(found):
    """Lower and upper corners of the regions of the lattice, by their witnesses."""
    at = np.searchsorted(EDGES, found.coordinates)
    return EDGES[at - 1], EDGES[at]


@pytest.mark.parametrize("solver", SOLVERS)
def test_balls_and_boxes_of_rectangles_are_exact(solver):
    found = enumerate_regions(lattice(), Box.cube(2))
    assert len(found) == 16
    lower, upper = rectangles(found)
    centers, radii = found.chebyshev(solver=solver)
    np.testing.assert_allclose(
        radii, (upper - lower).min(axis=1) / 2, rtol=0, atol=1e-12
    )
    assert (centers - radii[:, None] > lower - 1e-12).all()
    assert (centers + radii[:, None] < upper + 1e-12).all()
    boxes = found.bounds(solver=solver)
    np.testing.assert_allclose(boxes[0], lower, atol=1e-10)
    np.testing.assert_allclose(boxes[1], upper, atol=1e-10)


def test_circle_in_a_right_triangle_has_the_radius_of_its_formula():
    net = ReluNetwork.from_arrays([[[1.0, 1.0]], [[1.0]]], [[-1.0], [0.0]])
    found = enumerate_regions(net, Box([0.0, 0.0], [1.0, 1.0]))
    np.testing.assert_allclose(
        found.chebyshev(solver="cvxpy")[1], [1 - np.sqrt(0.5)] * 2, atol=1e-10
    )


@pytest.mark.parametrize(
    "domain",
    [
        Box([-1.0, 0.0, -2.0], [1.0, 1.0, 1.0]),
        Slice([0.1, 0.2, 0.3], [[1.0, 0.5, 0.0], [0.0, 1.0, 1.0]], Box.cube(2)),
        Simplex([[0.0, 0.0, 0.0], [1.0, 0.0, 2.0], [0.0, 2.0, 1.0]]),
        Segment([-1.0, -1.0, 0.0], [1.0, 2.0, 1.0]),
    ],
    ids=lambda domain: type(domain).__name__,
)
def test_boxes_are_those_of_rational_programs(domain):
    network = random_network(np.random.default_rng(3), 3, [4, 3])
    found = enumerate_regions(network, domain)
    some = found.patterns[:6]
    lower, upper = list_boxes(network, domain, some, "cvxpy")
    sides, ends = domain.rows()
    for k, bits in enumerate(found.pattern_bits(slice(6))):
        rows = halfspaces(domain.restrict(network), bits)
        A, b = np.vstack([rows.A, sides]), np.append(rows.b, ends)
        for axis, cost in enumerate(np.eye(domain.dim)):
            least, most = (exact_lp.maximize(c, A, b).value for c in (-cost, cost))
            assert least is not None
            assert most is not None
            assert lower[k, axis] == pytest.approx(-float(Fraction(least)), abs=1e-9)
            assert upper[k, axis] == pytest.approx(float(Fraction(most)), abs=1e-9)


def test_solvers_agree_on_balls_and_centers_have_their_radii():
    network = random_network(np.random.default_rng(4), 3, [5, 4])
    domain = Box.cube(3)
    found = enumerate_regions(network, domain)
    (_, one), (centers, other) = (
        list_balls(network, domain, found.patterns, solver) for solver in SOLVERS
    )
    np.testing.assert_allclose(one, other, atol=1e-9)
    bits = network.patterns(centers)
    np.testing.assert_array_equal(bits, network.unit_patterns(found.pattern_bits()))


def test_devices_make_the_rows_that_the_host_makes():
    network, _ = ZOO["skip_blocks"]
    dim, bits = network.input_dim, network.num_bits
    patterns = np.random.default_rng(5).random((7, bits)) < 0.5
    A, b = halfspaces_batch(network, patterns)
    with jax.enable_x64(True):
        params, structure = kernel_inputs(network)
        rows = jax.vmap(lambda words: pattern_rows(params, structure, words, dim))
        found = rows(bytes_to_words(pack_bits(patterns), bits))
    np.testing.assert_allclose(found[0], A, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found[1], b, rtol=0, atol=1e-13)


def test_products_that_a_device_would_lose_are_left_to_the_host():
    tiny = [2.0**-520 * np.eye(2), 2.0**-520 * np.array([[1.0, -2.0]]), [[1.0]]]
    network = ReluNetwork.from_arrays(tiny, None)
    domain, patterns = Box.cube(2), pack_bits(np.ones((1, 3), bool))
    lower, upper = list_boxes(network, domain, patterns)
    np.testing.assert_allclose(lower, [[0.0, 0.0]], atol=1e-9)
    np.testing.assert_allclose(upper, [[1.0, 0.5]], atol=1e-9)
    # A right triangle with legs of 1 and 1/2.
    radius = (1.5 - np.sqrt(1.25)) / 2
    np.testing.assert_allclose(list_balls(network, domain, patterns)[1], radius)


@pytest.mark.parametrize(
    "function", ["chebyshev_balls_stacked", "bounding_boxes_stacked"]
)
def test_regions_of_a_stack_that_is_not_solved_are_solved_alone(monkeypatch, function):
    found = enumerate_regions(lattice(), Box.cube(2))

    def fails(*_, **__):
        raise SolverError("stacked program not solved", status="planted")

    monkeypatch.setattr(solve, function, fails)
    lower, upper = rectangles(found)
    widths = (upper - lower).min(axis=1)
    np.testing.assert_allclose(
        found.chebyshev(solver="cvxpy")[1], widths / 2, rtol=1e-5
    )
    np.testing.assert_allclose(found.bounds(solver="cvxpy")[1], upper, atol=1e-10)


def test_lists_are_cut_in_chunks_and_progress_is_told(monkeypatch):
    found = enumerate_regions(lattice(), Box.cube(2))
    whole = list_balls(found.network, found.domain, found.patterns, "cvxpy")[1]
    monkeypatch.setattr(list_geometry, "STACK", 7)
    calls = []
    parts = list_balls(
        found.network,
        found.domain,
        found.patterns,
        "cvxpy",
        lambda *call: calls.append(call),
    )[1]
    assert calls == [(7, 16), (14, 16), (16, 16)]
    np.testing.assert_allclose(parts, whole, rtol=1e-6)


def test_what_has_no_answer_is_refused():
    found = enumerate_regions(lattice(), Box.cube(2))
    with pytest.raises(ValueError, match="`solver` is 'magic': one of"):
        found.chebyshev(solver="magic")
    with pytest.raises(ValueError, match="`patterns` is empty"):
        list_balls(found.network, found.domain, found.patterns[:0])
    everywhere = enumerate_regions(lattice(), WholeSpace(2), method="tree")
    with pytest.raises(ValueError, match="`domain` is unbounded"):
        everywhere.bounds(solver="cvxpy")
