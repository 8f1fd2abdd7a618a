"""Choice of the engine, limits, progress and refusals of the two public calls."""

import itertools
import signal

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, Segment, WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.results.statistics import Stop
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns
from tests.zoo import ZOO

NETWORK = random_network(np.random.default_rng(5), 2, [40, 40, 40])


@pytest.mark.parametrize("call", [count_regions, enumerate_regions])
def test_unknown_method_is_refused(call):
    with pytest.raises(ValueError, match="`method` is 'guess': one of auto, line"):
        call(NETWORK, Box.cube(2), method="guess")


@pytest.mark.parametrize("call", [count_regions, enumerate_regions])
def test_a_method_that_is_no_more_is_refused_with_what_took_its_place(call):
    with pytest.raises(ValueError, match="'sweep' is no more: method='cells' took"):
        call(NETWORK, Box.cube(2), method="sweep")


@pytest.mark.parametrize("call", [count_regions, enumerate_regions])
def test_line_of_the_whole_space_is_refused(call):
    with pytest.raises(ValueError, match="method='line' "):
        call(NETWORK, WholeSpace(2), method="line")


@pytest.mark.parametrize("call", [count_regions, enumerate_regions])
def test_domain_of_another_dimension_is_refused(call):
    with pytest.raises(ValueError, match="`domain` lies in 3 dimensions and the"):
        call(NETWORK, Box.cube(3))


@pytest.mark.parametrize("limit", [{"max_regions": 0}, {"max_seconds": 0.0}])
def test_limit_that_is_not_positive_is_refused(limit):
    with pytest.raises(ValueError, match="a positive number is required"):
        count_regions(NETWORK, Box.cube(2), **limit)


def test_auto_takes_the_line_in_one_dimension_and_says_why():
    count = count_regions(NETWORK, Segment([-1, -1], [1, 1]))
    assert (count.method, count.complete) == ("line", True)
    assert count.stats["why"] == "the domain has dimension 1"


@pytest.mark.parametrize(
    "name", ["duplicated_unit", "opposite_units", "integer_weights"]
)
def test_auto_takes_cells_on_degenerate_planes(name):
    network, box = ZOO[name]
    expected = exact_patterns(network, box)
    count = count_regions(network, box)
    assert (count.count, count.complete, count.method) == (len(expected), True, "cells")
    rs = enumerate_regions(network, box)
    assert {tuple(row) for row in rs.pattern_bits().tolist()} == expected


@pytest.mark.parametrize(("dim", "method"), [(3, "cells"), (7, "tree")])
def test_auto_answers_in_any_dimension(dim, method):
    rows = np.zeros((3, dim))
    rows[:, :3] = [[1.0, 0.5, 0.25], [2.0, 1.0, 0.5], [0.5, -1.0, 1.0]]
    # A unit that is always on makes a second layer.
    network = ReluNetwork.from_arrays(
        [rows, np.ones((1, 3)), [[1.0]]], [[0.25, 0.5, 0.0], [1.0], [0.0]]
    )
    count = count_regions(network, Box.cube(dim))
    assert (count.count, count.complete, count.method) == (4, True, method)


def a_disk_and_its_double():
    """Seventy lines around a disk, each twice: a cell with seventy corners."""
    turns = np.linspace(0.0, 2.0 * np.pi, 71)[1:]
    rows = np.repeat(np.stack([np.cos(turns), np.sin(turns)], axis=1), 2, axis=0)
    layers = [rows, np.ones((1, 140)), [[1.0]]]
    return ReluNetwork.from_arrays(layers, [np.ones(140), [-9.0], [0.0]])


def test_auto_falls_back_where_a_cell_is_too_large_and_degenerate():
    network, box = a_disk_and_its_double(), Box.cube(2, 2.0)
    with pytest.raises(NotGenericError, match="more than 60 corners"):
        count_regions(network, box, method="cells", max_regions=5)
    count = count_regions(network, box, max_regions=5)
    assert (count.method, int(count) >= 5) == ("tree", True)
    assert "more than 60 corners" in count.stats["why"]


@pytest.mark.parametrize("limit", [1, 10, 1000])
def test_early_stop_gives_distinct_proved_regions(limit):
    box = Box.cube(2)
    complete = enumerate_regions(NETWORK, box)
    assert len(complete) > 1000
    part = enumerate_regions(NETWORK, box, max_regions=limit)
    assert not part.complete
    assert 1 <= len(part) <= limit
    assert part.stats["stopped"] == f"max_regions={limit} reached"
    assert len(np.unique(part.patterns, axis=0)) == len(part)
    everything = {row.tobytes() for row in complete.patterns}
    assert {row.tobytes() for row in part.patterns} <= everything
    assert (NETWORK.patterns(part.witnesses) == part.pattern_bits()).all()


def test_limit_above_the_count_changes_nothing():
    box = Box.cube(2)
    count = int(count_regions(NETWORK, box))
    part = enumerate_regions(NETWORK, box, max_regions=count)
    assert (len(part), part.complete) == (count, True)


@pytest.mark.parametrize("call", [count_regions, enumerate_regions])
def test_end_of_time_gives_a_count_that_is_not_complete(call):
    result = call(NETWORK, Box.cube(2), max_seconds=1e-9)
    full = int(count_regions(NETWORK, Box.cube(2)))
    assert not result.complete
    found = len(result) if call is enumerate_regions else result.count
    assert 1 <= found < full
    assert result.stats["stopped"] == "max_seconds=1e-09 reached"


@pytest.fixture
def plain(monkeypatch):
    """Compiled code would be done before anyone could press a key."""
    monkeypatch.setenv(SWITCH, "off")


@pytest.mark.usefixtures("plain")
def test_interrupt_of_a_library_call_is_an_exception():
    def press(done, total):
        if total > 100:
            signal.raise_signal(signal.SIGINT)

    # A program that was started in the background ignores the signal.
    ours = signal.default_int_handler
    before = signal.signal(signal.SIGINT, ours)
    try:
        with pytest.raises(KeyboardInterrupt):
            enumerate_regions(NETWORK, Box.cube(2), progress=press)
        assert signal.getsignal(signal.SIGINT) is ours
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("plain")
def test_caller_that_wants_an_end_gets_what_was_found():
    pressed = []

    def press(done, total):
        pressed.append(total > 100)

    rs = enumerate_regions(
        NETWORK,
        Box.cube(2),
        progress=press,
        stop=lambda: any(pressed),
    )
    assert not rs.complete
    assert len(rs) > 50
    assert rs.stop is Stop.INTERRUPTED
    assert rs.stats["stopped"] == "interrupted"
    assert (NETWORK.patterns(rs.witnesses) == rs.pattern_bits()).all()


def test_progress_counts_up_to_the_number_of_regions():
    calls = []
    count = count_regions(
        NETWORK, Box.cube(2), progress=lambda *pair: calls.append(pair)
    )
    assert calls[-1] == (int(count), int(count))
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(calls))


def test_network_without_kinks_has_one_region():
    network = ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None, slopes=1.0)
    rs = enumerate_regions(network, Box.cube(2))
    assert (len(rs), rs.complete, rs.patterns.shape) == (1, True, (1, 0))


def test_count_reads_as_a_number_and_as_a_sentence():
    count = count_regions(ZOO["one_unit"][0], Box.cube(2))
    assert int(count) == 2
    assert list(range(5))[count] == 2
    assert str(count).startswith("2 regions (all of them; cells, ")
