"""Damaged files: a value or one clear line, never another exception."""

import numpy as np
import pytest

import regions
import regions.io.keras
from tests.fuzz.damaged_files import outcome, placed
from tests.fuzz.networks import NETWORKS, arrays
from tests.fuzz.samples import SAMPLES

# HDF5 and NumPy speak of odd numbers before they refuse them.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

_FEW = ("keras", "h5", "orbax", "parts", "tree")
"""Kinds that take longer: a process each, or many files."""


@pytest.mark.parametrize("suffix", NETWORKS)
@pytest.mark.filterwarnings("ignore::regions.errors.ImportNotice")
def test_undamaged_file_loads(tmp_path, suffix):
    NETWORKS[suffix](tmp_path / f"m{suffix}")
    net = regions.load_network(tmp_path / f"m{suffix}", check=suffix != ".keras")
    expected = arrays()
    assert np.array_equal(net.hidden[0].weight, expected["0.weight"].astype(float))
    assert np.array_equal(net.output.bias, expected["2.bias"].astype(float))


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files_give_a_value_or_one_clear_line(tmp_path, name):
    count = 4 if name in _FEW else 40
    found = [
        outcome(SAMPLES[name], path, False)
        for path, _ in placed(SAMPLES[name], tmp_path, 1, count)
    ]
    assert set(found) <= {"ok", "refused"}
    assert "refused" in found
