"""Early stops of the tree: what is returned is proved, distinct and not called all."""

import functools
import json
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import regions
from regions.domains.shapes import Box, WholeSpace
from regions.enumeration import (
    budget as budget_module,
    count_regions,
    enumerate_regions,
)
from regions.enumeration.budget import BUSY, GRACE_SECONDS, Budget
from regions.enumeration.walk.facet_flips import explore_regions
from regions.signs.exact import Columns, ExactNetwork
from tests.helpers import random_network

NETWORK = random_network(np.random.default_rng(2), 2, [10, 8])
DOMAINS = {"box": Box.cube(2), "whole_space": WholeSpace(2)}

CHILD = """
import json, signal, sys
import numpy as np
from experiments.running.interrupts import CtrlC
from regions.domains.shapes import Box
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.tree import search as tree
from tests.helpers import random_network

tree.MAX_CELLS = 64
network = random_network(np.random.default_rng(2), 2, [60, 60, 60])
calls = []

def progress(done, total):
    calls.append(done)
    if len(calls) == 5:
        print("working", flush=True)

call = {"count": count_regions, "list": enumerate_regions}[sys.argv[1]]
with CtrlC() as stop:
    found = call(network, Box.cube(2), method="tree", progress=progress, stop=stop)
number = int(found) if sys.argv[1] == "count" else len(found)
print(json.dumps([number, found.complete, found.stats["stopped"]]))
"""


@functools.cache
def full_count(name: str) -> int:
    """The number of all regions, without any limit."""
    count = count_regions(NETWORK, DOMAINS[name], method="tree")
    assert count.complete
    return count.count


def assert_proved_and_distinct(rs) -> None:
    """Every pattern once, with a witness that has it in integer arithmetic."""
    points = [
        rs.exact_witnesses.get(k) or tuple(Fraction(float(v)) for v in point)
        for k, point in enumerate(rs.coordinates)
    ]
    signs = ExactNetwork(rs.network, rs.domain).signs(Columns.of_points(points))
    bits = rs.pattern_bits()
    assert (np.where(bits, 1, -1) == signs.T).all()
    assert len(np.unique(bits, axis=0)) == len(rs)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr("regions.enumeration.tree.search.MAX_CELLS", 64)


@pytest.mark.parametrize("limit", [1, 40])
@pytest.mark.parametrize("name", DOMAINS)
def test_limit_on_regions_gives_some_that_are_proved(name, limit, small_blocks):
    domain = DOMAINS[name]
    rs = enumerate_regions(NETWORK, domain, method="tree", max_regions=limit)
    assert not rs.complete
    assert rs.stats["stopped"] == f"max_regions={limit} reached"
    assert len(rs) == limit
    assert_proved_and_distinct(rs)
    number = count_regions(NETWORK, domain, method="tree", max_regions=limit)
    assert number.count >= limit
    # The block that reached the limit may have been the last one.
    assert number.count <= full_count(name)
    assert number.count == full_count(name) or not number.complete


@pytest.mark.parametrize("name", DOMAINS)
def test_limit_above_the_count_changes_nothing(name):
    domain = DOMAINS[name]
    full = full_count(name)
    for limit in (full, 10 * full):
        rs = enumerate_regions(NETWORK, domain, method="tree", max_regions=limit)
        assert (len(rs), rs.complete) == (full, True)
        assert "stopped" not in rs.stats


@pytest.mark.parametrize("seconds", [1e-9, 0.05, 0.2])
def test_limit_on_time_gives_some_that_are_proved(seconds, small_blocks):
    rs = enumerate_regions(NETWORK, Box.cube(2), method="tree", max_seconds=seconds)
    full = enumerate_regions(NETWORK, Box.cube(2), method="tree")
    assert len(rs) >= 1
    assert_proved_and_distinct(rs)
    everything = {row.tobytes() for row in full.patterns}
    assert {row.tobytes() for row in rs.patterns} <= everything
    if seconds == 1e-9:
        assert not rs.complete
    if not rs.complete:
        assert rs.stats["stopped"] == f"max_seconds={seconds} reached"
        assert len(rs) < len(full)


def test_part_of_the_regions_passes_verification_but_is_not_complete(small_blocks):
    rs = enumerate_regions(NETWORK, Box.cube(2), method="tree", max_regions=10)
    report = regions.verify(rs, exact=True)
    assert report.ok, report
    assert not report.complete


@pytest.mark.parametrize("call", ["count", "list"])
def test_interrupt_of_a_process_returns_what_was_found(call):
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, call],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "working\n"
        child.send_signal(signal.SIGINT)
        out, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    number, complete, reason = json.loads(out)
    assert number >= 1
    assert not complete
    assert reason == "interrupted"


def test_progress_never_goes_back_and_ends_at_the_total(small_blocks):
    calls = []
    enumerate_regions(
        NETWORK,
        Box.cube(2),
        method="tree",
        progress=lambda *pair: calls.append(pair),
    )
    done = [pair[0] for pair in calls]
    assert done == sorted(done)
    assert calls[-1][0] == calls[-1][1]
    assert done[0] < calls[0][1]


def test_budget_tells_its_reason():
    assert Budget(max_regions=3).full(3)
    assert not Budget(max_regions=3).full(2)
    assert not Budget().spent()
    late = Budget(max_seconds=1e-9)
    assert late.spent()
    assert late.reason() == "max_seconds=1e-09 reached"
    with pytest.raises(ValueError, match="a positive number is required"):
        Budget(max_regions=-1)
    with pytest.raises(ValueError, match="a positive number is required"):
        Budget(max_seconds=0.0)


def test_proving_may_take_its_time_of_a_processor_that_others_use(monkeypatch):
    worked, at = [0.0], [0.0]
    clocks = SimpleNamespace(process_time=lambda: worked[0], perf_counter=lambda: at[0])
    monkeypatch.setattr(budget_module, "time", clocks)
    budget = Budget(stop=lambda: True)
    assert not budget.late()
    at[0] = 0.9 * BUSY * GRACE_SECONDS
    assert not budget.late()
    worked[0] = 1.1 * GRACE_SECONDS
    assert budget.late()
    worked[0], at[0] = 0.0, 1.1 * BUSY * GRACE_SECONDS
    assert budget.late()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_limits_that_are_no_positive_numbers_are_refused(seconds):
    with pytest.raises(ValueError, match="`max_seconds` is"):
        count_regions(NETWORK, DOMAINS["box"], max_seconds=seconds)


@pytest.mark.parametrize("dim", [10, 20])
def test_limit_on_regions_is_met_without_finishing_any(dim):
    network = random_network(np.random.default_rng(dim), dim, [30, 30])
    count = count_regions(network, Box.cube(dim), max_regions=50)
    assert count.method == "tree"
    assert not count.complete
    assert 50 < count.count < 1000
    # A region needs sixty decisions, and no more cells than these were asked.
    assert count.stats["linear_programs"] < 2000
    rs = enumerate_regions(network, Box.cube(dim), max_regions=50)
    assert len(rs) == 50
    assert_proved_and_distinct(rs)


def test_more_is_searched_where_witnesses_lie_on_boundaries():
    # Half of the cells of the first layer have their witnesses where the second one
    # vanishes: they hold regions, and are not listed.
    first = np.concatenate([np.eye(10), -np.eye(10)])
    second = np.zeros((3, 20))
    second[0, :10], second[1, 10:], second[2, ::2] = 1.0, 1.0, 1.0
    network = regions.ReluNetwork.from_arrays([first, second, np.ones((1, 3))], None)
    rs = enumerate_regions(network, Box.cube(10), max_regions=30)
    assert len(rs) == 30
    assert not rs.complete
    assert_proved_and_distinct(rs)


def test_engines_multiply_in_one_thread_and_leave_the_library_as_it_was():
    """Threads of the library that wait for small products keep a processor busy."""

    def threads():
        return {
            library.num_threads
            for library in ThreadpoolController().lib_controllers
            if library.user_api == "blas"
        }

    seen, before = [], threads()
    network = random_network(np.random.default_rng(0), 2, [5, 4])

    def look() -> bool:
        # Finding the library among all that are loaded takes long: look a few times.
        if len(seen) < 10:
            seen.append(threads())
        return False

    for run in (
        lambda: count_regions(network, Box.cube(2), stop=look),
        lambda: explore_regions(network, [0.1, 0.2], Box.cube(2), stop=look),
    ):
        seen.clear()
        run()
        assert {1} in seen
    assert threads() == before
