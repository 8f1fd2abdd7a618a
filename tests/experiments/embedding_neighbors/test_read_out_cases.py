"""Problems for read-outs: their points, and errors against a second way to them."""

import dataclasses
import sys
import types

import numpy as np
import pytest
import scipy.spatial
import sklearn.datasets

from experiments.embedding_neighbors import data_sets
from experiments.embedding_neighbors.data_sets import load_table
from experiments.embedding_neighbors.read_out_cases import (
    Case,
    network_errors,
    read_out_errors,
    sample_case,
)
from experiments.embedding_neighbors.study import CASES
from experiments.measures.read_outs import READ_OUTS
from experiments.measures.target_surfaces import cosine_norm, wave
from training.models import init_model, to_relu_network

BY_PROBLEM = {
    case.problem: dataclasses.replace(case, points=60, tested=12, width=4, depth=2)
    for case in CASES
}


def test_points_of_the_wave_are_a_latin_hypercube():
    case = BY_PROBLEM["wave"]
    sample = sample_case(case, 3)
    points = sample.task.inputs.back(sample.train)
    cells = np.sort(np.floor(points * 60).astype(int), axis=0)
    assert (cells == np.arange(60)[:, None]).all()
    np.testing.assert_allclose(sample.values[:, 0], wave(points), atol=1e-5)
    assert sample.test.shape == (144, 2)
    grid = sample.task.inputs.back(sample.test)
    assert (grid.min(), grid.max()) == pytest.approx((0.0, 1.0))
    assert sample_case(case, 4).train[0, 0] != sample.train[0, 0]


def test_values_of_the_cosine_are_in_its_own_units():
    sample = sample_case(BY_PROBLEM["cosine"], 0)
    points = sample.task.inputs.back(sample.train)
    np.testing.assert_allclose(sample.values[:, 0], cosine_norm(points), atol=1e-5)
    np.testing.assert_allclose(
        sample.wanted[:, 0], cosine_norm(sample.task.inputs.back(sample.test))
    )


def test_real_data_are_split_and_none_is_in_both_parts():
    digits = sample_case(BY_PROBLEM["digits"], 0)
    assert digits.train.shape == (60, 64)
    assert digits.test.max() == 1.0
    assert (digits.values.sum(axis=1) == 1.0).all()
    assert not (digits.train[:, None] == digits.test).all(axis=2).any()
    diabetes = sample_case(BY_PROBLEM["diabetes"], 0)
    x, y = sklearn.datasets.load_diabetes(return_X_y=True)
    row = diabetes.task.inputs.back(diabetes.test)[0]
    found = int(np.abs(x - row).sum(axis=1).argmin())
    assert y[found] == diabetes.wanted[0, 0]
    assert np.isin(diabetes.values, y).all()


@pytest.mark.parametrize("problem", ["wave", "digits"])
def test_errors_are_those_of_the_nearest_by_brute_force(problem):
    case = BY_PROBLEM[problem]
    sample = sample_case(case, 0)
    network = to_relu_network(init_model(case.training.model, 0))
    found = read_out_errors(case, network, sample)
    assert found.shape == (case.depth + 1, len(READ_OUTS), 2)
    distances = np.linalg.norm(sample.test[:, None] - sample.train, axis=2)
    values = sample.values[distances.argmin(axis=1)]
    if problem == "digits":
        wrong = (values.argmax(axis=1) != sample.wanted.argmax(axis=1)).mean()
        expected = (wrong, wrong)
    else:
        missed = np.abs(values - sample.wanted)
        expected = (np.sqrt((missed**2).mean()), missed.max())
    assert found[0, 0] == pytest.approx(expected)
    outputs = sample.task.outputs.back(network(sample.test))
    if problem == "wave":
        missed = np.abs(outputs - sample.wanted)
        expected = (np.sqrt((missed**2).mean()), missed.max())
        assert network_errors(case, network, sample) == pytest.approx(expected)


def test_words_of_docstrings_are_counted(monkeypatch):
    def module(name: str, *texts: str) -> types.ModuleType:
        made = types.ModuleType(name)
        for k, text in enumerate(texts):
            setattr(made, f"name{k}", types.SimpleNamespace(__doc__=text))
        monkeypatch.setitem(sys.modules, name, made)
        return made

    module("first", "red red first blue", "blue of green", "red!", "blue blue green")
    module("second", "Green, green and red", "red second red red")
    monkeypatch.setattr(
        data_sets, "PACKAGES", {"first": ("first",), "second": ("second",)}
    )
    monkeypatch.setattr(data_sets, "WORDS", 3)
    monkeypatch.setattr(data_sets, "SHORTEST", 6)
    table = data_sets.TABLES["docstrings"]()
    # The first two texts of each in alphabetical order; red, blue and green occur
    # most, and names of packages do not count.
    assert table.targets.argmax(axis=1).tolist() == [0, 0, 1, 1]
    counts = np.rint(np.expm1(table.inputs)).astype(int)
    by_word = sorted(counts.T.tolist())
    assert by_word == [[0, 0, 1, 3], [1, 1, 2, 0], [2, 1, 0, 0]]


@pytest.mark.parametrize("problem", ["iris", "faces", "camera"])
def test_tables_are_split_whole_and_scaled_by_the_training_points(problem):
    case = BY_PROBLEM[problem]
    table, sample = load_table(problem), sample_case(case, 1)
    assert sample.train.shape == (60, table.inputs.shape[1])
    back = sample.task.inputs.back(sample.train)
    rows = scipy.spatial.KDTree(table.inputs).query(back)
    np.testing.assert_allclose(rows[0], 0.0, atol=1e-5)
    np.testing.assert_array_equal(table.targets[rows[1]], sample.values)
    if problem == "faces":
        assert sample.test.max() <= 1.0
    else:
        np.testing.assert_allclose(sample.train.mean(axis=0), 0.0, atol=1e-5)


def test_unknown_problem_is_refused():
    with pytest.raises(ValueError, match="`problem` is 'linnerud'"):
        Case(
            name="x",
            problem="linnerud",
            width=1,
            depth=1,
            steps=1,
            points=1,
            tested=1,
            seeds=1,
        )
