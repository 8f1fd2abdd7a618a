"""Damaged files: a value or one clear line, never another exception."""

import numpy as np
import pytest

import regions
from tests.regions.io.fuzzing import FORMATS, NETWORKS, arrays, damaged, outcome

# HDF5 and NumPy speak of odd numbers before they refuse them.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.mark.parametrize("suffix", NETWORKS)
@pytest.mark.filterwarnings("ignore::regions.errors.ImportNotice")
def test_undamaged_file_loads(tmp_path, suffix):
    NETWORKS[suffix](tmp_path / f"m{suffix}")
    net = regions.load_network(tmp_path / f"m{suffix}", check=suffix != ".keras")
    expected = arrays()
    assert np.array_equal(net.hidden[0].weight, expected["0.weight"].astype(float))
    assert np.array_equal(net.output.bias, expected["2.bias"].astype(float))


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_give_a_value_or_one_clear_line(tmp_path, name):
    suffix, write, read = FORMATS[name]
    path = tmp_path / f"m{suffix}"
    write(path)
    results = []
    count = 12 if suffix in (".keras", ".h5") else 60  # each starts a process
    for content in damaged(path.read_bytes(), 1, suffix, count):
        path.write_bytes(content)
        results.append(outcome(read, path, False))
    assert set(results) <= {"ok", "refused"}
    assert results.count("refused") > count // 6
