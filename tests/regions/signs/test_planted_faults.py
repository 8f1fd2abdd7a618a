"""A fault planted in the predicate spoils what stands on it.

Cells have bounds of their own, and faults of their own in `enumeration/cells`.

Each probe returns True where an engine's answer is right, by rational arithmetic that
shares nothing with the predicate. Without a fault all are right; with any of the faults
none that asks the predicate that question may be.
"""

import types

import numpy as np
import pytest

import regions
from regions.domains.shapes import Box, Segment, WholeSpace
from regions.network import ReluNetwork
from regions.signs import rounding
from regions.signs.predicate import Predicate, signs


def shared_sum(seed: int = 3, units: int = 6) -> ReluNetwork:
    """Units that are zero everywhere on the positive quadrant, but for rounding."""
    rng = np.random.default_rng(seed)
    p, q = rng.integers(2**50, 2**51, (2, 2)) * 2.0**-51
    second = np.outer(rng.uniform(0.5, 1.0, units), [1.0, 1.0, -1.0])
    return ReluNetwork.from_arrays([[p, q, p + q], second, np.ones((1, units))], None)


SQUARE = Box([0.1, 0.1], [0.9, 0.9])
POINTS = np.random.default_rng(0).uniform(0.1, 0.9, (40, 2))


def right_tree() -> bool:
    """Whether the units that are zero everywhere are off, and split nothing."""
    found = regions.enumerate_regions(shared_sum(), SQUARE, method="tree")
    return found.pattern_bits().tolist() == [[True] * 3 + [False] * 6]


def right_line() -> bool:
    """The same along a segment."""
    segment = Segment([0.2, 0.3], [0.8, 0.7])
    found = regions.enumerate_regions(shared_sum(), segment, method="line")
    return found.pattern_bits().tolist() == [[True] * 3 + [False] * 6]


def right_polytopes() -> bool:
    """Whether they are off in every polytope."""
    network = shared_sum()
    return not any(regions.polytope_at(network, x).pattern[3:].any() for x in POINTS)


def right_crease() -> bool:
    """Whether a point on a crease is on a boundary, and off."""
    network = ReluNetwork.from_arrays([np.eye(2), np.ones((1, 2))], None)
    found = signs(network, WholeSpace(2), np.array([[0.0, 0.5]]))
    return found.on.tolist() == [[False, True]] and not found.strict[0]


PROBES = {
    "tree": right_tree,
    "line": right_line,
    "polytopes": right_polytopes,
}


@pytest.mark.parametrize("name", PROBES)
def test_answers_are_right_without_a_fault(name):
    assert PROBES[name]()
    assert right_crease()


def spoiled(probe) -> bool:
    """Whether an answer is wrong, or an engine contradicts itself and says so."""
    try:
        return not probe()
    except (ArithmeticError, AssertionError, regions.RegionsError):
        return True


def plant(monkeypatch, **functions) -> None:
    """Put functions in the place of NumPy's in the module of rounding."""
    faulty = types.SimpleNamespace(**{**vars(np), **functions})
    monkeypatch.setattr(rounding, "np", faulty)


@pytest.mark.parametrize("name", PROBES)
def test_bounds_that_are_a_thousand_times_too_small_are_found_out(monkeypatch, name):
    plant(monkeypatch, greater=lambda value, bound: np.greater(value, 1e-3 * bound))
    assert spoiled(PROBES[name])


def test_ties_that_count_as_on_are_found_out(monkeypatch):
    plant(monkeypatch, greater=np.greater_equal)
    assert spoiled(right_polytopes)
    assert spoiled(right_crease)


def test_ties_that_make_no_boundary_are_found_out(monkeypatch):
    monkeypatch.setattr(Predicate, "_vanish_around", lambda self, sign: True)
    assert spoiled(right_crease)
