import importlib
import itertools
import math
import types
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import regions
from regions.domains.shapes import Box, WholeSpace
from regions.errors import RegionsError
from regions.estimates.estimate import estimate_regions
from regions.estimates.few_inputs import InputTree
from regions.estimates.result import RegionEstimate
from regions.estimates.run import RunValue, run_once
from regions.estimates.tasks import DoneRun
from tests.helpers import random_network
from tests.zoo import ZOO

NETWORK = random_network(np.random.default_rng(11), 2, [6, 5])
BOX = Box([-1.0, -1.0], [1.0, 1.0])


def test_nothing_dropped_is_the_count():
    for name, (network, box) in list(ZOO.items())[::4]:
        found = estimate_regions(network, box, cells=3000)
        expected = regions.count_regions(network, box, method="tree").count
        assert found.exact == expected, name
        assert found.mean == expected
        assert found.interval() == pytest.approx((expected, expected))
        assert len(found.runs) == 1


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.booleans())
def test_as_many_cells_as_regions_give_the_count(seed, dim, whole):
    rng = np.random.default_rng(seed)
    network = random_network(rng, dim, rng.integers(1, 5, rng.integers(1, 4)).tolist())
    domain = WholeSpace(dim) if whole else Box.cube(dim)
    count = regions.count_regions(network, domain).count
    # Cells of fewer units are never more than those of all.
    found = estimate_regions(network, domain, cells=count, runs=3, seed=seed)
    assert found.exact == found.mean == count


def test_regions_that_a_ball_meets():
    ball = regions.Ball([0.1, -0.2], 0.7)
    count = regions.count_regions(NETWORK, ball).count
    assert count < regions.count_regions(NETWORK, ball.chart_box()).count
    assert estimate_regions(NETWORK, ball, cells=1000).exact == count
    found = estimate_regions(NETWORK, ball, cells=6, runs=30)
    assert found.exact is None
    assert abs(found.mean - count) < 3.5 * found.relative_error * found.mean
    assert found.at_least() <= count


def test_runs_are_unbiased():
    count = regions.count_regions(NETWORK, BOX).count
    found = estimate_regions(NETWORK, BOX, cells=6, runs=40)
    assert found.exact is None
    error = (found.runs.mean() - count) / (found.runs.std(ddof=1) / math.sqrt(40))
    assert abs(error) < 3.5
    low, high = found.interval(0.999)
    assert low <= count <= high
    assert found.at_least() <= count
    assert "estimate" in str(found)


def test_same_seed_same_runs_for_all_threads_and_forms(monkeypatch):
    values = []
    for threads, form in (("1", "on"), ("2", "on"), ("2", "off")):
        monkeypatch.setenv("RELU_REGIONS_THREADS", threads)
        monkeypatch.setenv("RELU_REGIONS_COMPILED", form)
        values.append(estimate_regions(NETWORK, BOX, cells=8, runs=5, seed=3).log_runs)
    assert (values[0] == values[1]).all()
    assert (values[0] == values[2]).all()
    other = estimate_regions(NETWORK, BOX, cells=8, runs=5, seed=4).log_runs
    assert (values[0] != other).any()


def test_relative_error_is_reached():
    found = estimate_regions(NETWORK, BOX, cells=20, relative_error=0.1)
    assert found.relative_error <= 0.1


def test_stop_keeps_the_runs_that_ended():
    calls = []

    def stop() -> bool:
        calls.append(0)
        return len(calls) > 200

    found = estimate_regions(NETWORK, BOX, cells=6, runs=1000, stop=stop)
    assert found.stats["stopped"] == "interrupted"
    assert found.stats["abandoned_runs"] >= 1
    assert 1 <= len(found.runs) < 1000
    # Those that began late are not used: slower ones would not have ended.
    others = found.stats["abandoned_runs"] + found.stats["late_runs"]
    assert len(found.log_others) == others
    whole = estimate_regions(NETWORK, BOX, cells=6, runs=len(found.runs) + 20)
    assert set(found.log_runs) <= set(whole.log_runs)
    assert found.at_least() <= regions.count_regions(NETWORK, BOX).count


@pytest.mark.parametrize("limit", ["stop", "max_seconds"])
def test_runs_that_began_late_are_not_used_for_being_fast(monkeypatch, limit):
    # Ten seconds for runs of one each: by then a run of 1.5 from 9 on had not ended.
    clock = [0.0]
    module = importlib.import_module("regions.estimates.estimate")
    times = types.SimpleNamespace(perf_counter=lambda: clock[0])
    monkeypatch.setattr(module, "time", times)

    def runner(_task, numbers, watch):
        for run in numbers:
            if not watch.may_begin(run):
                return
            clock[0] += 1.0
            yield run, DoneRun(RunValue(float(run), False, 1), 1.0, Counter())

    monkeypatch.setattr(module, "run_here", runner)
    how = {"stop": {"stop": lambda: clock[0] >= 10.0}, "max_seconds": {limit: 10.0}}
    found = estimate_regions(NETWORK, BOX, runs=50, **how[limit])
    assert found.log_runs.tolist() == list(range(9))
    late = [9.0] if limit == "stop" else []
    assert found.log_others.tolist() == late
    assert found.stats["late_runs"] == len(late)
    assert found.stats["abandoned_runs"] == 0


def test_a_run_that_is_stopped_stands_for_too_few():
    # How far runs came is below the count on average, after any number of units.
    count = regions.count_regions(NETWORK, BOX).count
    means = []
    for units in (3, 6, 9, 11):
        values = []
        for seed in range(60):
            asked = itertools.count()
            tree, rng = InputTree(NETWORK, BOX), np.random.default_rng(seed)
            run = run_once(tree, 4, rng, lambda n=asked, u=units: next(n) >= u)
            assert run.ended == (units == 11)
            values.append(run.log)
        means.append(np.exp(values).mean())
    assert means == sorted(means)
    assert means[-2] < count
    assert means[-1] == pytest.approx(count, rel=0.15)


def test_not_one_run_in_time_is_an_error():
    with pytest.raises(
        RegionsError, match=r"no run of 6 cells ended .*; at least 1 reg"
    ):
        estimate_regions(NETWORK, BOX, cells=6, stop=lambda: True)


def test_time_is_heard_within_the_first_run():
    with pytest.raises(
        RegionsError, match=r"no run of 6 cells ended .*; at least 1 reg"
    ):
        estimate_regions(NETWORK, BOX, cells=6, max_seconds=1e-9)


def test_numbers_beyond_float64():
    found = RegionEstimate(np.array([2000.0, 2000.5, 1999.7, 2000.1]), None, 1.0)
    assert found.mean == math.inf
    assert found.log10 == pytest.approx(2000.1 / math.log(10.0), abs=0.1)
    low, high = found.log10_interval()
    assert low < found.log10 < high
    assert "e868" in str(found)


@pytest.mark.parametrize("limit", [{"cells": 0}, {"runs": -1}, {"max_seconds": 0.0}])
def test_limits_are_positive(limit):
    with pytest.raises(ValueError, match="a positive number is required"):
        estimate_regions(NETWORK, BOX, **limit)


def test_level_is_a_probability():
    found = RegionEstimate(np.zeros(3), None, 1.0)
    with pytest.raises(ValueError, match=r"`level` is 1\.0"):
        found.interval(1.0)


def test_domain_must_fit():
    with pytest.raises((ValueError, RegionsError)):
        estimate_regions(NETWORK, Box([-1.0], [1.0]))
