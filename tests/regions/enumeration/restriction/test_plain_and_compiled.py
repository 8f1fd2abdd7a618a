"""Plain chains, compiled chains and flats up to symmetry count the same."""

import itertools
import math

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.enumeration.restriction import betti, fast, loading
from regions.enumeration.restriction.exercise import exercise
from regions.enumeration.restriction.fast import FastChains, UnprovedError, residues
from regions.enumeration.restriction.hyperplanes import (
    distinct_hyperplanes,
    essential,
    integer_rows,
    minor_bound,
)
from regions.enumeration.restriction.kernels import chains, field
from regions.enumeration.restriction.plain import Chains
from regions.enumeration.restriction.symmetry import SymmetricFlats, Symmetries
from tests.regions.enumeration.restriction import families


def counted(counter):
    counter.count(lambda: False, lambda share: None)
    assert counter.complete
    return list(counter.betti)


def all_forms(rows):
    arrangement = essential(distinct_hyperplanes(rows))
    plain = counted(Chains(arrangement.rows, arrangement.rank))
    fast_ = counted(FastChains(arrangement.rows, arrangement.rank))
    central = arrangement.central
    flats = counted(SymmetricFlats(central, Symmetries(central)))
    assert plain == fast_
    assert arrangement.from_central(flats) == arrangement.from_rows(plain)


@pytest.mark.parametrize("seed", range(40))
def test_forms_agree_on_small_integers(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 13)), int(rng.integers(1, 6))
    rows = rng.integers(-2, 3, (n, d + 1))
    rows[:, -1] *= int(rng.integers(2))
    rows[0, 0] = 1
    all_forms(rows.tolist())


@pytest.mark.parametrize(
    "rows",
    [
        families.threshold(4),
        families.resonance(5),
        families.type_b(4),
        families.differences(4, [-1, 0, 1]),
        families.demicube(4),
    ],
)
def test_forms_agree_on_symmetric_arrangements(rows):
    all_forms(rows)


def test_without_symmetries_flats_still_count_right():
    central = essential(distinct_hyperplanes(families.resonance(4))).central
    symmetries = Symmetries(central)
    assert symmetries.order == 24
    symmetries.blocks = np.arange(4)
    whole = counted(SymmetricFlats(central, symmetries))
    assert sum(whole) == 370


def test_symmetries_are_those_that_keep_the_rows():
    central = [(1, 1, 0), (1, -1, 0), (0, 0, 1)]
    found = Symmetries(central)
    assert found.blocks.tolist() == [0, 0, 2]
    assert found.flips.tolist() == [True, True, True]
    lopsided = Symmetries([(1, 2, 0), (1, -2, 0), (0, 0, 1)])
    assert lopsided.blocks.tolist() == [0, 1, 2]


def test_products_modulo_the_prime():
    rng = np.random.default_rng(0)
    numbers = [0, 1, 2, field.PRIME - 1, field.PRIME - 2]
    numbers += rng.integers(0, field.PRIME, 50).tolist()
    # One row restricted to another shows products, differences and inverses.
    for a, b in itertools.product(numbers, repeat=2):
        rows = np.array([[b, a, 1], [1, 7, 5]], np.uint64)
        out, ids = np.zeros((2, 3), np.uint64), np.zeros(2, np.int64)
        table, heads = np.zeros(16, np.int64), np.zeros(2, np.int64)
        words, pairs = np.zeros(2, np.uint64), np.zeros((2, 2), np.int64)
        count, _ = chains.restrict(
            rows, np.arange(2), 1, 3, out, ids, table, heads, words, pairs
        )
        normal, offset = (a - 7 * b) % field.PRIME, (1 - 5 * b) % field.PRIME
        if normal == 0:
            assert count == 0
            continue
        expected = offset * pow(normal, -1, field.PRIME) % field.PRIME
        assert out[0, :2].tolist() == [1, expected]


def floats(seed, n, d):
    return integer_rows(
        np.random.default_rng(seed).standard_normal((n, d + 1)).tolist()
    )


def test_true_dependences_of_large_numbers_are_proved():
    """Three planes through a line, two parallel ones: found modulo the prime."""
    rows = floats(0, 7, 3)
    rows.append([a + b for a, b in zip(rows[0], rows[1], strict=True)])
    rows.append([*rows[2][:3], rows[2][3] + 1])
    rows = distinct_hyperplanes(rows)
    assert minor_bound(rows) > field.PRIME
    compiled = FastChains(rows, 3)
    assert counted(compiled) == counted(Chains(rows, 3))
    assert compiled.claims > 0


def test_false_dependences_are_not_believed():
    """The last offset is changed by a multiple of the prime: equal only modulo it."""
    rows = [[1, 0, 0], [0, 1, 0], [1, 1, field.PRIME]]
    compiled = FastChains([tuple(row) for row in rows], 2)
    with pytest.raises(UnprovedError):
        counted(compiled)
    assert sum(compiled.betti) <= 7
    found = betti.arrangement_betti(
        [tuple(r) for r in rows], lambda n: False, lambda s: None
    )
    assert found.numbers == [1, 3, 3]


def test_too_many_claims_are_left_to_integers(monkeypatch):
    monkeypatch.setattr(fast, "MAX_CLAIMS", 3)
    monkeypatch.setenv(SWITCH, "on")
    rows = floats(1, 3, 3)
    rows += [[*row[:3], row[3] + k] for row in rows for k in (1, 2)]
    rows = distinct_hyperplanes(rows)
    found = betti.arrangement_betti(rows, lambda n: False, lambda s: None)
    # A grid: 4 slabs in each of 3 directions.
    assert sum(found.numbers) == 64
    assert found.facts["unproved"] > 3


@pytest.mark.parametrize("quota", [0, 50])
def test_slices_of_work_change_nothing(monkeypatch, quota):
    monkeypatch.setattr(fast, "QUOTA", quota)
    arrangement = essential(distinct_hyperplanes(families.resonance(5)))
    whole = counted(FastChains(arrangement.rows, arrangement.rank))
    assert sum(arrangement.from_rows(whole)) == 11292


@pytest.mark.parametrize("form", ["plain", "fast", "flats"])
def test_a_stopped_count_is_a_lower_bound(monkeypatch, form):
    monkeypatch.setattr(fast, "QUOTA", 100)
    arrangement = essential(distinct_hyperplanes(families.threshold(4)))
    for calls in (0, 1, 2, 5, 20):
        if form == "plain":
            counter, share = Chains(arrangement.rows, arrangement.rank), 1
        elif form == "fast":
            counter, share = FastChains(arrangement.rows, arrangement.rank), 1
        else:
            central = arrangement.central
            counter, share = SymmetricFlats(central, Symmetries(central)), 2
        left = iter(range(calls))
        counter.count(lambda left=left: next(left, None) is None, lambda share: None)
        assert 1 <= sum(counter.betti) <= 941 * share
        if calls <= 2:
            assert not counter.complete


def test_residues_begin_with_one():
    rows = residues([(0, 3, 6), (-2, 4, 1)])
    assert rows[0].tolist() == [0, 1, 2]
    assert [int(v) * -2 % field.PRIME for v in rows[1]] == [
        field.PRIME - 2,
        4,
        1,
    ]


def test_the_bound_holds_for_all_minors():
    rows = [(3, -1, 4), (1, 5, -9), (2, 6, 5), (3, 5, 8)]
    bound = minor_bound(rows)
    for chosen in itertools.combinations(rows, 3):
        assert abs(round(np.linalg.det(np.array(chosen, float)))) <= bound
    assert bound <= math.prod([sum(v * v for v in row) for row in rows])


def test_compiled_forms_take_over_when_they_become_ready(monkeypatch):
    calls = []
    ready = loading.KERNELS.load

    def load(name, *, ahead=0.0):
        calls.append(name)
        return ready(name, ahead=ahead) if len(calls) > 3 else None

    monkeypatch.setenv(SWITCH, "on")
    monkeypatch.setattr(loading.KERNELS, "load", load)
    hyperplanes = distinct_hyperplanes(families.resonance(5))
    found = betti.arrangement_betti(hyperplanes, lambda n: False, lambda s: None)
    assert sum(found.numbers) == 11292
    assert "checked" in found.facts


def test_plain_forms_alone(monkeypatch):
    monkeypatch.setenv(SWITCH, "off")
    hyperplanes = distinct_hyperplanes(families.resonance(5))
    found = betti.arrangement_betti(hyperplanes, lambda n: False, lambda s: None)
    assert sum(found.numbers) == 11292
    assert found.facts == {}


def test_the_exercise_calls_everything():
    exercise()
