"""The tree while its compiled code is missing: plain, and compiled when it has come."""

import itertools

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box
from regions.enumeration.budget import Budget
from regions.enumeration.cells.engine import CellsEngine
from regions.enumeration.engine import Task
from regions.enumeration.tree.engine import TreeEngine
from regions.enumeration.tree.kernels import quick_proofs, simplex
from regions.enumeration.tree.loading import KERNELS
from tests.helpers import random_network

NETWORK, BOX = random_network(np.random.default_rng(8), 3, [6, 5]), Box.cube(3)


@pytest.mark.parametrize("after", [0, 7, 40, 10**9])
def test_regions_are_the_same_whenever_the_code_comes(monkeypatch, after):
    asked, modules = (
        itertools.count(),
        {"simplex": simplex, "quick_proofs": quick_proofs},
    )

    def load(name, *, ahead):
        return modules[name] if next(asked) >= after else None

    monkeypatch.setattr(KERNELS, "load", load)
    found = TreeEngine().list(Task(NETWORK, BOX))
    expected = CellsEngine().list(Task(NETWORK, BOX))
    assert found.complete
    assert sorted(map(bytes, found.patterns)) == sorted(map(bytes, expected.patterns))


def test_missing_code_is_waited_for_by_nobody(monkeypatch):
    """It is compiled by another process, so that limits are heard from the start."""
    begun = []
    monkeypatch.setenv(SWITCH, "auto")
    monkeypatch.setattr(KERNELS, "_is_ready", False)
    monkeypatch.setattr(KERNELS, "_compiling_since", None)
    monkeypatch.setattr("regions.compiled.switch.holds_code", lambda package: False)
    monkeypatch.setattr(
        "regions.compiled.beside.compile_beside",
        lambda package, exercise: begun.append(package) or True,
    )
    tally = TreeEngine().count(Task(NETWORK, BOX, Budget(max_seconds=60.0)))
    assert tally.complete
    assert begun == [KERNELS.package]
