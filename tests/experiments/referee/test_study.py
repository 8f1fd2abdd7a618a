"""The referee: the smoke run, its cases, and what its claims see."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from experiments import referee
from experiments.referee.acas import table
from experiments.referee.cases import KINDS, case_of, scaled
from experiments.referee.claims import referee_claims
from experiments.referee.questions import Asked
from experiments.referee.verifiers import largest_by_patterns, solved
from regions.questions.mixed_integer import mixed_integer_program
from tests.experiments.helpers import run_smoke

SMOKE = referee.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(referee.NAME, tmp_path_factory)


def test_exact_verdicts_follow_the_margin_and_are_certified(finished):
    folder, _ = finished
    result = referee.load(SMOKE, folder)
    for kind, trials in result.trials.items():
        half = trials["right"].shape[1] // 2
        assert not trials["right"][:, :half].any(), kind
        assert trials["right"][:, half:].all(), kind
        assert trials["verified"].all(), kind
        # At the widest margin the verifiers agree with us on plain networks.
        if kind == "2-5-2":
            assert (trials["said"][:, 0] == 0).all()
            assert (trials["said"][:, -1] == 1).all()
    assert all(row.verified for row in result.asked)
    written = 12 + 2 * len(result.asked)  # answers, and what is told of them
    assert len(list((folder / "certificates").iterdir())) == written
    assert len(result.asked) == 7


def test_scaled_networks_are_the_same_function():
    plain, box, _ = case_of("2-5-2", 3)
    other = scaled(plain)
    assert np.abs(other.hidden[0].weight).max() < 1e-5
    assert regions.are_equal(plain, other, box).method == "units"


def test_copies_differ_by_less_than_a_tolerance_and_are_told_apart():
    network, domain, _ = case_of("copies 1e-12 apart", 0)
    low, high = regions.output_range(network, domain, method="list").value
    assert Fraction(0) < high - low < Fraction(1, 10**10)


def test_float_verifiers_are_right_where_nothing_is_close():
    case = case_of("2-5-2", 0)
    most = float(regions.output_range(case.network, case.domain, 0).value[1])
    program = mixed_integer_program(case.network, case.domain, 0, unit_seconds=0)
    assert solved(program) == pytest.approx(most, abs=1e-5)
    assert largest_by_patterns(case) == pytest.approx(most, abs=1e-5)


def test_the_table_is_smooth_and_has_all_advisories():
    points = np.random.default_rng(0).uniform(-1, 1, (4000, 5))
    assert set(table(points).argmax(1)) == {0, 1, 2, 3, 4}


def test_claims_see_errors_and_what_was_left_open():
    right = np.array([[False, True]])
    said = np.repeat(right[..., None], 4, axis=2)
    trials = {KINDS[2]: {"right": right, "said": said, "verified": right | True}}
    names = ("largest score 0", "one advisory 0", "radius 0")
    asked = [Asked(name, 0.0, 1.0, True, 1.0, "", True) for name in names]
    verdicts = [c.verdict for c in referee_claims(trials, asked)]
    assert verdicts == ["refuted"] * 5 + ["confirmed"] * 4
    trials[KINDS[2]] |= {"said": ~said, "verified": ~right & right}
    asked = [row._replace(proved=False) for row in asked]
    verdicts = [c.verdict for c in referee_claims(trials, asked)]
    assert verdicts == ["confirmed"] * 5 + ["refuted"] * 4
