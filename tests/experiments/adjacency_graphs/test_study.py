"""Adjacency graphs against formulas of one layer and brute force on small networks."""

import networkx
import numpy as np
import pyarrow.csv
import pytest

import regions
from experiments import adjacency_graphs as experiment
from experiments.adjacency_graphs import study
from regions.bounds import mean_facets, zaslavsky_count
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network

SMOKE = experiment.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(experiment.NAME, tmp_path_factory)


def _column(numbers, name):
    return numbers[study.COLUMNS.index(name)]


@pytest.mark.parametrize(("dim", "units"), [(2, 6), (3, 5)])
def test_one_layer_has_the_degrees_and_the_diameter_of_an_arrangement(dim, units):
    network = random_network(np.random.default_rng(dim), dim, [units])
    found = regions.explore_regions(network, 0.1 * np.ones(dim))
    numbers, degrees = study.graph_numbers(found, np.zeros((1, dim)), 100)
    assert _column(numbers, "regions") == zaslavsky_count(units, dim)
    assert degrees.mean() == pytest.approx(float(mean_facets(units, dim)))
    # Opposite unbounded regions differ in every hyperplane, and each is crossed once.
    assert _column(numbers, "diameter") == units
    assert _column(numbers, "regions_with_data") == 1


def test_deep_graph_equals_all_pairs_of_shortest_paths():
    network = random_network(np.random.default_rng(0), 2, [6, 5])
    found = regions.enumerate_regions(network, regions.Box.cube(2, 3.0))
    points = np.random.default_rng(1).uniform(-3.0, 3.0, (40, 2))
    numbers, degrees = study.graph_numbers(found, points, 1000)
    distances = dict(networkx.all_pairs_shortest_path_length(found.adjacency()))
    assert _column(numbers, "diameter") == max(
        max(row.values()) for row in distances.values()
    )
    with_data = {
        next(
            k
            for k, bits in enumerate(found.pattern_bits())
            if (bits == network.patterns(point[None])[0]).all()
        )
        for point in points
    }
    chosen = study.regions_of(found, points)
    assert set(np.flatnonzero(chosen).tolist()) == with_data
    assert _column(numbers, "degree_with_data") == degrees[chosen].mean()
    assert degrees.sum() == 2 * found.adjacency().number_of_edges()
    numbers, _ = study.graph_numbers(found, points, len(found) - 1)
    assert np.isnan(_column(numbers, "diameter"))


def test_average_degree_is_at_most_twice_the_dimension(finished):
    folder, summary = finished
    result = experiment.load(SMOKE, folder)
    assert (result.column("mean_degree") <= 4.0).all()
    assert summary["claims"][0]["verdict"] == "confirmed"
    assert result.histogram.sum() == result.column("regions").sum()
    table = pyarrow.csv.read_csv(folder / "graphs.csv").to_pydict()
    assert table["seed"] == [0, 1]
    assert table["inputs"] == [2, 2]
    assert table["layers"] == [2, 2]
    np.testing.assert_array_equal(table["diameter"], result.column("diameter")[0])


def test_families_vary_one_number():
    config = experiment.PRESETS["paper"]
    shapes = [[config.shapes[k] for k in study.family(config, v)] for v in range(3)]
    assert len(config.shapes) == 46
    assert [s[0] for s in shapes[0]] == [2, 3, 4, 5]
    assert [s[1] for s in shapes[1]] == [4, 8, 16]
    assert [s[2] for s in shapes[2]] == [1, 2, 3, 4]
