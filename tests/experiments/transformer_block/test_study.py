"""Feed-forward regions of a block: the smoke run against brute force."""

import jax
import numpy as np
import pytest

import regions
from experiments import transformer_block as experiment
from experiments.transformer_block.study import (
    MEASURES,
    all_sequences,
    looked_up,
    plane_through,
)
from tests.experiments.helpers import run_smoke
from training.transformer import (
    feed_forward_network,
    init_transformers,
    run_transformer,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, summary = run_smoke(experiment.NAME, tmp_path_factory)
    return experiment.load(experiment.PRESETS["smoke"], folder), summary


def test_counts_on_planes_are_those_of_the_formula(finished):
    result, summary = finished
    named = dict(zip(MEASURES, result.numbers, strict=True))
    assert (named["plane_regions"] == named["plane_formula"]).all()
    assert named["plane_regions"].min() > 1
    assert summary["claims"][0]["verdict"] == "confirmed"
    # The drawn cells are those of the first seed.
    assert len(result.cells[1]) == named["plane_regions"][0, 1, 0]
    assert (named["learned"][:, 1] >= named["learned"][:, 0]).all()


def test_patterns_before_training_are_signs_of_the_first_layer(finished):
    result, _ = finished
    config = result.config
    model = config.model(config.heads[0])
    sequences, _ = all_sequences(config)
    params = jax.tree.map(
        lambda leaf: np.asarray(leaf[0]), init_transformers(model, config.seeds)
    )
    entering = np.asarray(
        run_transformer(model, params, sequences).entering, np.float64
    )[:, -1]
    signs = entering @ params["up"]["kernel"] + params["up"]["bias"] > 0.0
    expected = len({tuple(row) for row in signs})
    assert result.numbers[MEASURES.index("patterns"), 0, 0, 0] == expected


def test_plane_holds_its_three_points_and_keeps_distances():
    points = np.random.default_rng(0).standard_normal((3, 7))
    plane = plane_through(points, 0.5)
    assert plane.domain.embed(plane.places) == pytest.approx(points)
    assert np.linalg.norm(plane.places[1] - plane.places[2]) == (
        pytest.approx(np.linalg.norm(points[1] - points[2]))
    )
    assert (plane.domain.box.lower < plane.places).all()


def test_feed_forward_layer_is_a_network_of_one_hidden_layer(finished):
    result, _ = finished
    model = result.config.model(result.config.heads[0])
    params = jax.tree.map(
        lambda leaf: np.asarray(leaf[0]), init_transformers(model, result.config.seeds)
    )
    network = feed_forward_network(params)
    assert isinstance(network, regions.ReluNetwork)
    assert network.widths == (result.config.hidden,)


def test_patterns_tell_answers_as_a_table_does():
    rng = np.random.default_rng(0)
    patterns, counts = rng.random((60, 3)) < 0.5, rng.integers(3, size=60)
    patterns[59] = ~patterns[:40].any(axis=0)
    met, right = [], []
    for row, count in zip(patterns[40:], counts[40:], strict=True):
        found = counts[:40][(patterns[:40] == row).all(axis=1)].tolist()
        met.append(bool(found))
        if found:
            right.append(max(range(3), key=found.count) == count)
    expected = (np.mean(met), np.mean(right))
    assert looked_up(patterns, counts, 40) == pytest.approx(expected)
