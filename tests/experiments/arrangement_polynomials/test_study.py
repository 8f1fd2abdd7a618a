"""Characteristic polynomials against published and simple numbers."""

import pytest

from experiments import arrangement_polynomials
from experiments.arrangement_polynomials.arrangements import demicube, discriminantal
from regions.enumeration.restriction.polynomial import characteristic_polynomial
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(arrangement_polynomials.NAME, tmp_path_factory)


def test_published_counts_are_found(finished):
    _, summary = finished
    assert summary["regions"]["resonance 5"] == 11_292
    assert {c["verdict"] for c in summary["claims"]} == {"confirmed"}
    assert len(summary["claims"]) == 3


def test_betti_numbers_are_kept(finished):
    folder, _ = finished
    smoke = arrangement_polynomials.PRESETS["smoke"]
    result = arrangement_polynomials.load(smoke, folder)
    assert result.betti["resonance", 4] == (1, 15, 80, 170, 104)


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7])
def test_lines_through_points_have_their_closed_formula(n):
    """n points in general position, no two of whose lines are parallel."""
    regions = characteristic_polynomial(discriminantal(2, n)).regions
    assert regions == (n - 1) * (n**3 - 5 * n**2 + 18 * n - 8) // 8


def test_three_dimensional_demicube_is_a_tetrahedron():
    assert characteristic_polynomial(demicube(3)).betti == (1, 4, 6, 4, 1)
