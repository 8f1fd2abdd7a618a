"""While the compiled code of cells is missing, `auto` goes by the sweep."""

import itertools
import types

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.cells import detour, plane
from regions.enumeration.cells.loading import KERNELS
from regions.enumeration.table import ENGINES
from tests.helpers import random_network
from tests.zoo import ZOO

NETWORK = random_network(np.random.default_rng(2), 2, [24, 24])
BOX = Box.cube(2)


@pytest.fixture(scope="module")
def number():
    return int(count_regions(NETWORK, BOX, method="sweep"))


def comes(monkeypatch, after):
    """Code that comes at a question; the plain form stands for it.

    The sweep's own code stays away: it asks too seldom.
    """
    asked = itertools.count()
    monkeypatch.setenv(SWITCH, "off")
    code = types.SimpleNamespace(run=plane.run)

    def load(name, *, ahead=0.0):
        return code if next(asked) >= after else None

    monkeypatch.setattr(KERNELS, "load", load)
    return asked


def test_without_code_the_sweep_answers_and_cells_if_it_is_little(monkeypatch, number):
    monkeypatch.setenv(SWITCH, "off")
    found = count_regions(NETWORK, BOX)
    assert (found.method, int(found)) == ("sweep", number)
    assert enumerate_regions(NETWORK, BOX).method == "sweep"
    small = random_network(np.random.default_rng(2), 2, [8, 8])
    assert count_regions(small, BOX).method == "cells"


def test_with_code_cells_answer(monkeypatch, number):
    comes(monkeypatch, 0)
    found = count_regions(NETWORK, BOX)
    assert (found.method, int(found)) == ("cells", number)


@pytest.mark.parametrize("after", [3, 9])
def test_code_that_comes_part_way_is_used_from_the_start(monkeypatch, number, after):
    asked = comes(monkeypatch, after)
    seen = []
    found = count_regions(NETWORK, BOX, progress=lambda *pair: seen.append(pair))
    assert (found.method, int(found), found.complete) == ("cells", number, True)
    assert next(asked) > after
    done = [pair[0] for pair in seen]
    assert done == sorted(done)
    assert seen[-1] == (number, number)


def test_limits_hold_from_the_first_start(monkeypatch, number):
    comes(monkeypatch, 9)
    found = count_regions(NETWORK, BOX, max_regions=50)
    assert found.stats["stopped"] == "max_regions=50 reached"
    monkeypatch.setenv(SWITCH, "off")
    comes(monkeypatch, 10**9)
    found = count_regions(NETWORK, BOX, max_seconds=1e-9)
    assert (found.complete, found.method) == (False, "sweep")
    assert found.stats["stopped"] == "max_seconds=1e-09 reached"


def test_what_the_sweep_refuses_goes_to_plain_cells(monkeypatch):
    monkeypatch.setenv(SWITCH, "off")
    monkeypatch.setattr(detour, "FEW_UNITS", 0)
    network, box = ZOO["duplicated_unit"]
    found = enumerate_regions(network, box)
    assert (found.method, found.complete) == ("cells", True)
    assert "not in general position" in found.stats["why"]


def test_long_work_waits_for_code_that_is_being_compiled(monkeypatch, number):
    monkeypatch.setattr(detour, "seconds_without", lambda task: 1e3)
    monkeypatch.setattr(detour, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(KERNELS, "is_compiling", lambda: True)
    sweeps = []
    monkeypatch.setattr(
        type(ENGINES["sweep"]), "count", lambda self, task: sweeps.append(task)
    )
    comes(monkeypatch, 20)
    found = count_regions(NETWORK, BOX)
    assert (found.method, int(found), sweeps) == ("cells", number, [])


@pytest.mark.parametrize(
    ("limits", "compiling"), [({"max_seconds": 5.0}, True), ({}, False)]
)
def test_it_waits_for_nothing_where_that_is_no_use(
    monkeypatch, number, limits, compiling
):
    monkeypatch.setattr(detour, "seconds_without", lambda task: 1e3)
    monkeypatch.setattr(KERNELS, "is_compiling", lambda: compiling)
    comes(monkeypatch, 10**9)
    found = count_regions(NETWORK, BOX, **limits)
    assert (found.method, int(found)) == ("sweep", number)


def test_a_wish_to_stop_ends_the_waiting(monkeypatch):
    monkeypatch.setattr(detour, "seconds_without", lambda task: 1e3)
    monkeypatch.setattr(detour, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(KERNELS, "is_compiling", lambda: True)
    comes(monkeypatch, 10**9)
    asked = itertools.count()
    found = count_regions(NETWORK, BOX, stop=lambda: next(asked) > 5)
    assert found.stats["stopped"] == "interrupted"
    assert int(found) >= 1
