import math

import numpy as np
import pytest

import regions
from regions.domains.shapes import Box, WholeSpace
from regions.estimates.estimate import estimate_regions
from regions.estimates.few_inputs import InputTree
from regions.estimates.many_inputs import image
from regions.estimates.many_inputs.search import ImageTree
from regions.estimates.run import run_once
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.zoo import ZOO


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch):
    """Small domains are searched as those of many inputs are."""
    monkeypatch.setattr(image, "MANY", 1)


def _tree(network, domain):
    found = image.image_of(network, domain)
    assert found is not None
    return ImageTree(found)


def _count(network, domain):
    tree = _tree(network, domain)
    found = run_once(tree, 1_000_000, np.random.default_rng(0))
    assert found.exact
    return found.cells


SLOW = {"no_hidden_layer", "zero_biases", "bias_free_in_space", "skip_blocks"}
"""No hidden layer, or ties by the hundred."""


@pytest.mark.parametrize("name", sorted(ZOO.keys() - SLOW))
def test_counts_of_the_zoo_are_those_of_the_tree(name):
    network, box = ZOO[name]
    expected = regions.count_regions(network, box, method="tree").count
    assert _count(network, box) == expected


@pytest.mark.parametrize(
    ("dim", "widths", "slopes"),
    [(5, [4, 3], 0.0), (3, [2, 2, 2], 0.0), (4, [3, 3], 0.3), (4, [3, 2], -0.5)],
)
@pytest.mark.parametrize("whole", [False, True])
def test_counts_of_random_networks(dim, widths, slopes, whole):
    network = random_network(np.random.default_rng(dim), dim, widths, slopes=slopes)
    domain = WholeSpace(dim) if whole else Box.cube(dim)
    expected = regions.count_regions(network, domain, method="tree").count
    assert _count(network, domain) == expected


def test_image_of_rank_below_its_width():
    # Three units of rank two: the image is flat, and so are some differences of units.
    first = np.array([[1.0, 0.5, 0.0, 0.0], [0.5, -1.0, 0.0, 0.0]])
    first = np.vstack([first, first[0] - first[1]])
    weights = [first, [[1.0, -1.0, -1.0], [0.3, 0.2, -0.7]], [[1.0, 1.0]]]
    biases = [[0.1, 0.2, -0.1], [0.0, 0.1], None]
    network = ReluNetwork.from_arrays(weights, biases)
    expected = regions.count_regions(network, Box.cube(4), method="tree").count
    assert _count(network, Box.cube(4)) == expected


def test_bias_free_network_at_a_corner_of_the_box():
    network = random_network(np.random.default_rng(5), 5, [3, 3], bias_scale=0.0)
    box = Box(np.zeros(5), np.ones(5))
    expected = regions.count_regions(network, box, method="tree").count
    assert _count(network, box) == expected


def test_first_layer_of_independent_rows_has_all_orthants():
    network = random_network(np.random.default_rng(0), 40, [30])
    found = estimate_regions(network, WholeSpace(40), cells=10, runs=3)
    assert found.mean == pytest.approx(2**30, rel=1e-9)
    assert "by_lps" not in found.stats


def test_dependent_rows_are_not_taken_for_independent():
    weight = np.random.default_rng(0).integers(-3, 4, (4, 6)).astype(float)
    network = random_network(np.random.default_rng(0), 6, [4, 2])
    rows = np.vstack([weight[:3], weight[0] + 2.0 * weight[1]])
    weights = [rows, network.hidden[1].weight, network.output.weight]
    dependent = ReluNetwork.from_arrays(weights, None)
    assert image.image_of(dependent, WholeSpace(6)) is None
    assert _tree(network, WholeSpace(6)).image.folded


def test_many_inputs_are_unbiased():
    # The count by the tree in the inputs, which knows nothing of images.
    network = random_network(np.random.default_rng(3), 9, [5, 5], bias_scale=0.2)
    box = Box(np.zeros(9), np.ones(9))
    expected = regions.count_regions(network, box).count
    found = estimate_regions(network, box, cells=8, runs=24)
    error = found.runs.mean() - expected
    assert found.exact is None
    assert abs(error) < 3.5 * found.relative_error * found.mean
    folded = estimate_regions(network, WholeSpace(9), cells=8, runs=24)
    whole = regions.count_regions(network, WholeSpace(9)).count
    assert abs(folded.mean - whole) < 3.5 * folded.relative_error * folded.mean


def test_orthants_are_drawn_with_known_chances():
    # Each cell's weight is one over its chance, so that weights sum to all on average.
    network = random_network(np.random.default_rng(1), 12, [10, 8])
    tree = _tree(network, WholeSpace(12))
    sums = []
    for seed in range(200):
        _, logs, dropped = tree.start(16, np.random.default_rng(seed))
        assert dropped
        sums.append(np.exp(logs).sum())
    spread = np.std(sums) / math.sqrt(len(sums))
    assert abs(np.mean(sums) - 1024) < 4.0 * spread


def test_seven_hundred_inputs(monkeypatch):
    monkeypatch.setattr(image, "MANY", 13)
    network = random_network(np.random.default_rng(0), 784, [6, 3], bias_scale=0.1)
    box = Box(np.zeros(784), np.ones(784))
    found = estimate_regions(network, box, cells=1000)
    assert found.exact is not None
    # Each region of the box is one of the whole space, counted without an image.
    whole = estimate_regions(network, WholeSpace(784), cells=1000)
    assert whole.exact is not None
    assert 64 <= found.exact <= whole.exact


def test_compiled_and_plain_programs_give_the_same_runs(monkeypatch):
    network = random_network(np.random.default_rng(8), 5, [4, 4])
    values = []
    for form in ("on", "off"):
        monkeypatch.setenv("RELU_REGIONS_COMPILED", form)
        tree = _tree(network, Box.cube(5))
        values.append(run_once(tree, 10, np.random.default_rng(0)))
    assert values[0] == values[1]


def test_the_tree_in_the_inputs_gives_the_same_runs(monkeypatch):
    # The same guess and the same chances: only the proofs differ.
    network = random_network(np.random.default_rng(8), 5, [4, 4])
    for kind in (InputTree, ImageTree):
        monkeypatch.setattr(
            kind, "log_sizes", lambda _, cells, *__: np.zeros(len(cells))
        )
    by_inputs = run_once(InputTree(network, Box.cube(5)), 10, np.random.default_rng(0))
    by_image = run_once(_tree(network, Box.cube(5)), 10, np.random.default_rng(0))
    assert by_inputs == by_image
