"""Smaller networks, against their definition and a dense grid."""

import numpy as np
import pytest

import regions
from experiments import compression
from experiments.compression import study
from experiments.compression.claims import (
    cheaply_saved,
    compression_claims,
    free_bits,
)
from experiments.compression.of_digits import split_of
from experiments.compression.unit_removal import remove_lightest
from experiments.measures.adaptation import box_grid
from experiments.measures.digit_networks import hanin_rolnick_config
from experiments.measures.seed_networks import snapshot_networks
from regions.simplification.simplify import simplify
from tests.experiments.helpers import run_smoke
from training.labeled import Labeled, load_digits
from training.two_moons import moons_box

CONFIG = compression.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(compression.NAME, tmp_path_factory)


def test_errors_are_those_of_the_saved_networks(finished):
    folder, _ = finished
    result = compression.load(CONFIG, folder)
    training = CONFIG.training((4,))
    _, networks = snapshot_networks(training, CONFIG.seeds, folder / "networks-4")
    box = moons_box(CONFIG.margin)
    grid = box_grid(box, 300)
    row = CONFIG.ways().index("lightest-0.5")
    for seed, path in enumerate(networks):
        network = path[-1]
        small = remove_lightest(network, 0.5)
        on_grid = abs(network(grid) - small(grid)).max()
        found = result.numbers["4"]["error"][row, seed]
        assert on_grid <= found + 1e-9
        assert found == pytest.approx(on_grid, rel=0.05)
        assert result.numbers["4"]["bits"][row, seed] == 0.5
        exact = simplify(network, box).network
        assert abs(exact(grid) - network(grid)).max() < 1e-9
        assert result.numbers["4"]["bits"][0, seed] == exact.num_bits / 4


def test_exact_claims_need_no_seeds(finished):
    _, summary = finished
    exact = [claim for claim in summary["claims"] if claim["seeds"] == 0]
    assert [claim["verdict"] for claim in exact] == ["confirmed", "confirmed"]


def test_digits_lose_what_the_smaller_network_gets_wrong(finished):
    folder, _ = finished
    digits = compression.load(CONFIG, folder).digits
    ways = CONFIG.digit_ways()
    assert ways == ["data", "merge-0.4", "lightest-0.5"]
    assert digits["saved"].shape == digits["lost"].shape == (3, 2)
    assert (digits["saved"][2] == 0.5).all()
    learned, held_out = split_of(load_digits())
    assert (len(learned.labels), len(held_out.labels)) == (1437, 360)
    config = hanin_rolnick_config((8,), learned, 1, snapshot_every=1)
    _, networks = snapshot_networks(config, CONFIG.seeds, folder / "networks-digits")
    for seed, path in enumerate(networks):
        right = [
            (net(held_out.inputs).argmax(axis=1) == held_out.labels).mean()
            for net in (path[-1], remove_lightest(path[-1], 0.5))
        ]
        assert digits["lost"][2, seed] == pytest.approx(right[0] - right[1])


def test_most_units_within_the_bar_are_saved():
    ways = ["data", "merge-0.1", "merge-0.2", "lightest-0.5"]
    digits = {
        "saved": np.array([[0.9], [0.2], [0.3], [0.5]]),
        "lost": np.array([[0.0], [-0.01], [0.02], [0.3]]),
    }
    assert cheaply_saved(ways, digits, "merge").tolist() == [0.2]
    assert cheaply_saved(ways, digits, "lightest").tolist() == [0.0]


def test_a_unit_that_never_turns_on_is_removed_exactly():
    network = regions.ReluNetwork.from_arrays(
        [[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], np.ones((2, 3))],
        [[0.0, 0.0, -50.0], [0.0, 0.0]],
    )
    points = Labeled(np.array([[0.5, 0.5], [-0.5, -0.2]]), np.array([0, 1]))
    found = study.way_numbers(network, "exact", moons_box(0.0), points, points)
    assert (found["bits"], found["proved"], found["error"]) == (2 / 3, 1.0, 0.0)
    assert found["data_error"] == 0.0


def test_free_bits_are_the_most_within_the_bar():
    ways = ["exact", "data", "merge-0.1", "merge-0.2", "lightest-0.5"]
    found = {
        "bits": np.array([[1.0, 1.0], [1.0, 1.0], [0.9, 0.8], [0.7, 0.6], [0.1, 0.1]]),
        "error": np.array([[0, 0], [0, 0], [0.005, 0.5], [0.01, 0.9], [0.0, 0.0]]),
    }
    free = free_bits(ways, found, {"range": np.array([1.0, 1.0])})
    np.testing.assert_allclose(free, [0.3, 0.0])


def test_verdicts_are_what_the_numbers_say():
    ways, seeds = ["exact", "data", "merge-0.1"], 10
    found = {
        "bits": np.repeat([[0.8], [0.7], [0.95]], seeds, axis=1),
        "error": np.repeat([[0.0], [0.5], [0.001]], seeds, axis=1),
        "data_error": np.zeros((3, seeds)),
        "proved": np.repeat([[1.0], [0.0], [0.0]], seeds, axis=1),
    }
    own = {"range": np.ones(seeds)}
    claims = compression_claims(ways, {"6": found}, {"6": own})
    assert [claim.verdict for claim in claims] == [
        "confirmed",
        "confirmed",
        "confirmed",
        "refuted",
        "refuted",
    ]
    found["proved"][0, 3] = 0.99
    claims = compression_claims(ways, {"6": found}, {"6": own})
    assert claims[0].verdict == "refuted"
