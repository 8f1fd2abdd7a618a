"""Every engine of the table keeps the promises of the protocol, over the zoo.

A caller's `stop` says how often, and from which functions, an engine asks; a stop at
the n-th question is a limit that falls at that moment, without a clock.
"""

import functools
import itertools
import signal
import threading
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Ball, Box, Domain, HPolytope, Segment, WholeSpace
from regions.enumeration import count_regions
from regions.enumeration.budget import Budget
from regions.enumeration.engine import Listing, Task
from regions.enumeration.table import ENGINES
from regions.enumeration.workers import SWITCH
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.patterns.packing import unpack_bits
from regions.results.statistics import Stop
from regions.signs.exact import Columns, ExactNetwork
from tests.asking import missing_lines, note_asking
from tests.helpers import random_network
from tests.regions.enumeration.oracles import exact_patterns
from tests.regions.enumeration.restriction import families
from tests.zoo import ZOO

NAMES = (
    "duplicated_unit",
    "all_zero",
    "bias_free_in_space",
    "several_outputs",
    "prelu",
    "skip_blocks",
    "no_kink_at_all",
)
DEEP = random_network(np.random.default_rng(3), 2, [4] * 10)
PLANE = random_network(np.random.default_rng(5), 2, [6, 5])
# Lines so near to each other that no float64 number lies between.
THIN = ReluNetwork.from_arrays(
    [[[20365011074.0, 0.0], [32951280099.0, 0.0], [1.0, 2.0]], np.ones((1, 3))],
    [[-12586269025.0, -20365011074.0, 0.0], [0.0]],
)
CONES = random_network(np.random.default_rng(4), 3, [6, 5], bias_scale=0.0)

ASKED_AT = {
    "line": {
        "enumeration/line/cutting.py": 3,
        "enumeration/line/listing.py": 1,
        "enumeration/found.py": 2,
    },
    "balls": {"enumeration/balls/engine.py": 3},
    "restriction": {
        "enumeration/restriction/betti.py": 4,
        "enumeration/restriction/engine.py": 1,
        "enumeration/restriction/fast.py": 1,
        "enumeration/restriction/fast_polytopes.py": 1,
        "enumeration/restriction/inside.py": 2,
        "enumeration/restriction/last_layer.py": 1,
        "enumeration/restriction/loading.py": 1,
        "enumeration/restriction/plain.py": 2,
        "enumeration/restriction/polytopes.py": 1,
        "enumeration/restriction/prefix_cells.py": 1,
        "enumeration/restriction/symmetry.py": 1,
    },
    "cells": {
        "enumeration/cells/engine.py": 1,
        "enumeration/cells/meanwhile.py": 1,
        "enumeration/cells/plane_walk.py": 1,
        "enumeration/found.py": 2,
        "enumeration/cells/team.py": 1,
    },
    "tree": {
        "enumeration/tree/engine.py": 4,
        "enumeration/tree/homogeneous.py": 1,
        "enumeration/tree/questions.py": 3,
        "enumeration/tree/search.py": 2,
    },
}
"""How many lines of each module must ask its budget; one that is taken out is missed.

Counted are lines that hold a question (`tests.asking.QUESTIONS`), while an engine works
on what it serves, on what is in `SELDOM`, and when it is stopped.
"""

PATIENCE = 600.0
"""Seconds after which a test has hung, also on a busy machine."""

Reference = frozenset[tuple[bool, ...]]


def cut_corners(box: Box) -> HPolytope:
    """What is left of a box without two opposite corners, cut at different depths.

    The corners of the cuts are no float64 numbers, and the last row is redundant.
    """
    eye = np.eye(box.dim)
    slant = np.linspace(1.0, 3.0, box.dim) * (box.upper - box.lower)
    middle = (box.lower + box.upper) / 2.0
    spread = np.abs(slant) @ (box.upper - middle)
    A = np.vstack([-eye, eye, slant, -slant, slant])
    ends = [slant @ middle + spread / 3, -slant @ middle + 0.7 * spread, 9 * spread]
    return HPolytope(A, np.concatenate([-box.lower, box.upper, ends]))


def specimens():
    """Networks and domains by name: the boxes, diagonals and spaces of the zoo."""
    found = {}
    for name in NAMES:
        network, box = ZOO[name]
        found[f"{name}, box"] = network, box
        found[f"{name}, line"] = network, Segment(box.lower, box.upper)
        found[f"{name}, space"] = network, WholeSpace(network.input_dim)
    for name in ("duplicated_unit", "all_zero"):
        found[f"{name}, polytope"] = ZOO[name][0], cut_corners(ZOO[name][1])
    found["thin, box"] = THIN, Box.cube(2)
    found["deep, box"] = DEEP, Box.cube(2)
    found["deep, line"] = DEEP, Segment([-1.0, -0.5], [1.0, 0.75])
    found["cones, space"] = CONES, WholeSpace(3)
    found["plane, space"] = PLANE, WholeSpace(2)
    found["plane, ball"] = PLANE, Ball([0.25, -0.5], 0.75)
    found["twice, ball"] = ZOO["duplicated_unit"][0], Ball([0.25, 0.0], 0.5)
    found["deep, ball"] = DEEP, Ball([0.0, 0.0], 1.0)
    found["no kinks, ball"] = ZOO["no_kink_at_all"][0], Ball([0.0, 0.0], 1.0)
    # A wedge without end, through whose tip no unit goes.
    found["plane, wedge"] = PLANE, HPolytope([[-1.0, 0.5], [-0.25, -1.0]], [0.5, 0.75])
    return found


SPECIMENS = specimens()

SQUARE, CUBE, ALL = Box.cube(2), Box.cube(3), WholeSpace(4)
SPACE = random_network(np.random.default_rng(8), 3, [6, 4])
LAYER = np.array(families.type_b(4))[:, :4]
SYMMETRIC = ReluNetwork.from_arrays([LAYER, np.ones((1, 16))], None)
GENERIC = random_network(np.random.default_rng(6), 4, [6])
SHIFTED = ReluNetwork.from_arrays(
    [LAYER, np.ones((1, 16))], [np.linspace(-0.5, 0.7, 16), np.zeros(1)]
)
# A line comes twice, up to a factor, and before a region is found rationals tell so.
THRICE = ReluNetwork.from_arrays(
    [[[1.0, 0.0], [3.0, 0.0], [2.0**-60, 1.0]], np.ones((1, 3))], None
)
_RESTRICTION = "regions.enumeration.restriction"
SELDOM: dict[str, list[tuple[dict[str, object], ReluNetwork, Domain]]] = {
    "cells": [
        ({COMPILED: "off"}, SPACE, CUBE),
        ({COMPILED: "off"}, PLANE, SQUARE),
        ({}, THRICE, SQUARE),
    ],
    "restriction": [
        ({COMPILED: "off"}, SYMMETRIC, ALL),
        ({COMPILED: "on"}, SYMMETRIC, ALL),
        ({COMPILED: "on", f"{_RESTRICTION}.betti.MANY_CHAINS": 0}, SYMMETRIC, ALL),
        ({COMPILED: "on"}, SHIFTED, Box.cube(4)),
        (
            {COMPILED: "on", f"{_RESTRICTION}.fast.are_true": lambda *_: False},
            GENERIC,
            ALL,
        ),
    ],
}
"""Tasks of an engine that take it where it seldom goes, by what is to be changed."""


@functools.cache
def reference(name: str) -> Reference:
    """All patterns, by another algorithm: exact splitting, or the tree in all space."""
    network, domain = SPECIMENS[name]
    if not isinstance(domain, WholeSpace):
        return frozenset(exact_patterns(network, domain))
    found = ENGINES["tree"].list(Task(network, domain))
    assert found.complete
    return patterns_of(network, found)


def patterns_of(network, found: Listing) -> Reference:
    """The patterns as they are over all units; each must be there once."""
    rows = [tuple(row) for row in unpack_bits(found.patterns, network.num_bits)]
    assert len(set(rows)) == len(rows)
    return frozenset(tuple(map(bool, row)) for row in rows)


@functools.cache
def served(engine: str) -> tuple[str, ...]:
    """Names of the specimens that an engine answers."""
    names = []
    for name, (network, domain) in SPECIMENS.items():
        if ENGINES[engine].refuses(Task(network, domain)) is None:
            try:
                ENGINES[engine].count(Task(network, domain))
            except NotGenericError:
                continue
            names.append(name)
    return tuple(names)


def assert_true_regions(name: str, found: Listing) -> None:
    """Every pattern is one of the reference, at a point that has it exactly."""
    network, domain = SPECIMENS[name]
    assert patterns_of(network, found) <= reference(name)
    assert len(found.coordinates) == len(found.patterns)
    if not len(found.patterns):
        return
    points = [
        found.exact_witnesses.get(k) or tuple(Fraction(float(v)) for v in point)
        for k, point in enumerate(found.coordinates)
    ]
    signs = ExactNetwork(network, domain).signs(Columns.of_points(points)).T
    bits = unpack_bits(found.patterns, network.num_bits)
    assert ((signs[:, network.kinks] > 0) == bits).all()


class Asked:
    """A `stop` that says yes from the n-th question on."""

    def __init__(self, last: float = float("inf")):
        self.calls, self.last = 0, last

    def __call__(self) -> bool:
        self.calls += 1
        return self.calls > self.last


class Watched(Budget):
    """A budget that notes on which lines of the engines it is asked."""

    seen: ClassVar[set[tuple[str, int]]] = set()

    def _note(self) -> None:
        note_asking(self.seen, __file__, 3)

    def spent(self) -> bool:
        self._note()
        return super().spent()

    def late(self) -> bool:
        self._note()
        return super().late()

    def full(self, regions: int) -> bool:
        self._note()
        return super().full(regions)

    def fits(self, extra: int) -> bool:
        self._note()
        return super().fits(extra)


@pytest.fixture(autouse=True)
def watchdog():
    """An engine that does not stop fails its test, and holds up no other."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number, frame):
        raise TimeoutError(f"no end after {PATIENCE} seconds: {frame}")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """In order, so that the n-th question is the same each time."""
    monkeypatch.setenv(SWITCH, "1")
    monkeypatch.setattr("regions.enumeration.tree.search.MAX_CELLS", 64)


@pytest.mark.parametrize("engine", ENGINES)
def test_engine_gives_the_patterns_of_the_reference(engine):
    assert len(served(engine)) >= 3, "too little of the zoo is served"
    for name in served(engine):
        network, domain = SPECIMENS[name]
        expected = reference(name)
        tally = ENGINES[engine].count(Task(network, domain))
        assert (tally.count, tally.complete) == (len(expected), True), name
        assert tally.stats.stopped is None
        if ENGINES[engine].lists:
            found = ENGINES[engine].list(Task(network, domain))
            assert found.complete
            assert patterns_of(network, found) == expected, name
            assert_true_regions(name, found)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stop_is_heard_at_every_question(engine, monkeypatch):
    Watched.seen.clear()
    for name in served(engine):
        network, domain = SPECIMENS[name]
        whole = Asked()
        ENGINES[engine].count(Task(network, domain, Watched(stop=whole)))
        assert whole.calls or len(reference(name)) == 1, f"{name}: never asked"
        for last in sorted({0, whole.calls // 2, whole.calls - 1}):
            if 0 <= last < whole.calls:
                check_stopped_count(engine, name, last)
        if ENGINES[engine].lists:
            whole = Asked()
            ENGINES[engine].list(Task(network, domain, Watched(stop=whole)))
            for last in sorted({0, whole.calls // 2, whole.calls - 1}):
                if 0 <= last < whole.calls:
                    check_stopped_list(engine, name, last)
            # One list is cut short by its number of regions.
            ENGINES[engine].list(Task(network, domain, Watched(5)))
    for names, network, domain in SELDOM.get(engine, ()):
        with monkeypatch.context() as patch:
            for name, value in names.items():
                if name == COMPILED:
                    patch.setenv(name, value)
                else:
                    patch.setattr(name, value)
            check_seldom(engine, network, domain)
    assert not missing_lines(Watched.seen, ASKED_AT[engine])


def check_seldom(engine: str, network: ReluNetwork, domain: Domain) -> None:
    """Stops at every question of what needs no reference: counts can not but rise."""
    engine_, calls = ENGINES[engine], [lambda task: engine_.count(task).count]
    if engine_.lists:
        calls.append(lambda task: len(engine_.list(task).patterns))
    for call in calls:
        whole = Asked()
        most = call(Task(network, domain, Watched(stop=whole)))
        for last in sorted({0, 1, whole.calls // 2, whole.calls - 1}):
            budget = Watched(stop=Asked(last))
            assert 1 <= call(Task(network, domain, budget)) <= most


def check_stopped_count(engine: str, name: str, last: int) -> None:
    network, domain = SPECIMENS[name]
    stop = Asked(last)
    budget = Watched(stop=stop)
    tally = ENGINES[engine].count(Task(network, domain, budget))
    # How often a fast engine asks goes by the clock.
    assert stop.calls > last or tally.complete
    assert 1 <= tally.count <= len(reference(name)), (name, last)
    if tally.complete:
        assert tally.count == len(reference(name))
    else:
        assert tally.stats.stopped == Stop.INTERRUPTED.value


def check_stopped_list(engine: str, name: str, last: int) -> None:
    network, domain = SPECIMENS[name]
    budget = Watched(stop=Asked(last))
    found = ENGINES[engine].list(Task(network, domain, budget))
    assert len(found.patterns) >= 1, (name, last)
    assert_true_regions(name, found)
    if found.complete:
        assert len(found.patterns) == len(reference(name))
    else:
        assert found.stats.stopped == Stop.INTERRUPTED.value


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stop_before_anything_else_gives_no_complete_count(engine):
    name = max(served(engine), key=lambda name: len(reference(name)))
    network, domain = SPECIMENS[name]
    for budget in (Budget(stop=lambda: True), Budget(max_seconds=1e-9)):
        tally = ENGINES[engine].count(Task(network, domain, budget))
        assert not tally.complete
        assert 1 <= tally.count <= len(reference(name))
        assert tally.stats.stopped == budget.reason()


@pytest.mark.parametrize("engine", ENGINES)
def test_ctrl_c_goes_through_and_leaves_no_thread(engine):
    class Pressed(Asked):
        def __call__(self) -> bool:
            if super().__call__():
                raise KeyboardInterrupt
            return False

    name = max(served(engine), key=lambda name: len(reference(name)))
    network, domain = SPECIMENS[name]
    threads, whole = threading.active_count(), Asked()
    ENGINES[engine].count(Task(network, domain, Budget(stop=whole)))
    for last in (0, whole.calls // 2, whole.calls - 1):
        stop = Pressed(last)
        try:
            ENGINES[engine].count(Task(network, domain, Budget(stop=stop)))
        except KeyboardInterrupt:
            continue
        # How often a fast engine asks goes by the clock.
        assert 0 < stop.calls <= last
    assert threading.active_count() == threads


@pytest.mark.parametrize("engine", ENGINES)
def test_limit_on_regions_is_kept(engine):
    for name in served(engine):
        network, domain = SPECIMENS[name]
        total = len(reference(name))
        for limit in {1, total}:
            tally = ENGINES[engine].count(Task(network, domain, Budget(limit)))
            assert min(limit, total) <= tally.count <= total, (name, limit)
            assert (
                tally.complete or tally.stats.stopped == f"max_regions={limit} reached"
            )
            if not ENGINES[engine].lists:
                continue
            found = ENGINES[engine].list(Task(network, domain, Budget(limit)))
            assert 1 <= len(found.patterns) <= limit
            assert found.complete == (limit >= total), (name, limit)
            assert_true_regions(name, found)


@pytest.mark.parametrize("engine", ENGINES)
def test_memory_that_is_full_ends_a_run(engine, monkeypatch):
    held = itertools.count(0, 1 << 20)
    monkeypatch.setattr("regions.enumeration.budget.resident_bytes", lambda: next(held))
    monkeypatch.setattr("regions.enumeration.budget.MEMORY_SECONDS", 0.0)
    name = max(served(engine), key=lambda name: len(reference(name)))
    network, domain = SPECIMENS[name]
    tally = ENGINES[engine].count(Task(network, domain, Budget(max_bytes=1)))
    assert not tally.complete
    assert 1 <= tally.count <= len(reference(name))
    assert tally.stats.stopped == "max_bytes=1 reached"


@pytest.mark.parametrize("engine", ENGINES)
def test_progress_rises_to_its_end(engine):
    for name in served(engine):
        network, domain = SPECIMENS[name]
        seen: list[tuple[int, int]] = []

        def show(done, total, seen=seen):
            seen.append((done, total))

        ENGINES[engine].count(Task(network, domain, progress=show))
        assert seen or not network.hidden or not network.num_bits, name
        done = [done for done, _ in seen]
        assert done == sorted(done), name
        assert all(done == total for done, total in seen[-1:]), name


@pytest.mark.parametrize("engine", ENGINES)
def test_a_journal_is_kept_or_refused(engine, tmp_path):
    for number, name in enumerate(served(engine)):
        network, domain = SPECIMENS[name]
        folder = tmp_path / str(number)
        refusal = ENGINES[engine].refuses(Task(network, domain, journal=folder))
        if refusal is not None:
            assert "journal" in refusal
            with pytest.raises(ValueError, match="journal"):
                count_regions(network, domain, method=engine, journal=folder)
            continue
        part = ENGINES[engine].list(
            Task(network, domain, Budget(stop=Asked(4)), journal=folder)
        )
        assert_true_regions(name, part)
        whole = ENGINES[engine].list(Task(network, domain, journal=folder))
        assert whole.complete
        assert patterns_of(network, whole) == reference(name)
