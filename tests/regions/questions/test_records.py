"""The largest of numbers between ends: where it is, against all the numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from regions.questions import records
from regions.questions.corner_values import below
from regions.questions.records import Record

MOST = 8


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Few places are thinned out already."""
    monkeypatch.setattr(records, "MOST_HELD", MOST)


def a_record(numbers: list[Fraction]) -> Record[int]:
    """A record of places in a list, which thins them out by their numbers."""

    def thinned(held: list[tuple[float, int]]) -> tuple[float, list[tuple[float, int]]]:
        top, k = max(held, key=lambda one: numbers[one[1]])
        return below(numbers[k]), [(top, k)]

    return Record(thinned)


def ends_of(numbers: list[Fraction], rng: np.random.Generator, unknown: float):
    """Ends, some of them the numbers themselves, some not finite."""
    near = np.array([float(v) for v in numbers])
    widths = rng.choice([0.0, 0.5, 3.0], (2, len(near)))
    ends = np.array([near - widths[0], near + widths[1]])
    ends[rng.uniform(size=ends.shape) < unknown] = rng.choice([np.nan, np.inf, -np.inf])
    return ends


@pytest.mark.parametrize("unknown", [0.0, 0.05])
@pytest.mark.parametrize("distinct", [3, 40])
def test_one_of_the_largest_numbers_is_kept(distinct, unknown):
    opened = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        numbers = [Fraction(int(v), 2) for v in rng.integers(-distinct, distinct, 60)]
        record, begin = a_record(numbers), 0
        while begin < len(numbers):
            end = min(begin + int(rng.integers(1, 12)), len(numbers))
            low, high = ends_of(numbers[begin:end], rng, unknown)
            with np.errstate(all="ignore"):
                record.take(low, high, lambda k, begin=begin: begin + k)
            begin = end
        opened += record.is_open
        if record.is_open:
            assert not record.places()
            continue
        most, places = max(numbers), record.places()
        assert Fraction(record.least) <= most
        assert most in [numbers[k] for _, k in places]
        tops = [top for top, _ in places]
        assert tops == sorted(tops, reverse=True)
        assert all(numbers[k] <= top for top, k in places)
        assert len(places) < MOST
        assert min(tops) >= record.least
    assert (opened > 0) == (unknown > 0.0)


def test_a_record_is_open_where_nothing_is_known_of_more_than_half():
    for count, is_open in ((MOST // 2, False), (MOST // 2 + 1, True)):
        record = a_record([Fraction(1)] * MOST)
        unknown = np.where(np.arange(MOST) < count, math.inf, 1.0)
        record.take(np.ones(MOST), unknown, int)
        assert record.is_open == is_open
        assert len(record.places()) == (not is_open)
    record.take(np.full(1, 7.0), np.full(1, 7.0), int)
    assert not record.places()


def test_numbers_beyond_float64_are_not_lost():
    """The largest end below is minus infinity then, and nothing is left out by it."""
    record = a_record([Fraction(10) ** 400])
    record.take(np.full(1, 1e308), np.full(1, math.inf), int)
    assert record.places() == [(math.inf, 0)]
    assert record.least == -math.inf
    assert below(Fraction(10) ** 400) == -math.inf
    third = Fraction(1, 3)
    for value in (third, -third, Fraction(1, 2), Fraction(0)):
        assert (
            Fraction(below(value))
            <= value
            < Fraction(math.nextafter(below(value), 9.0))
        )


def test_what_is_handed_back_whole_is_not_thinned_out_again_for_each_place():
    """As by one that is stopped."""
    asked = []

    def nothing(held: list[tuple[float, int]]) -> tuple[float, list[tuple[float, int]]]:
        asked.append(len(held))
        return -math.inf, held

    record = Record(nothing)
    record.take(np.zeros(50 * MOST), np.ones(50 * MOST), lambda k: k)
    assert [k for _, k in record.places()] == [*range(50 * MOST)]
    assert asked == [MOST << k for k in range(len(asked))]
