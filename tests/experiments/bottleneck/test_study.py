"""The bottleneck, its plane and what is measured of it."""

import itertools

import numpy as np
import pytest

import regions
from experiments import bottleneck
from experiments.bottleneck import study
from experiments.measures.seed_networks import snapshot_networks
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network

CONFIG = bottleneck.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(bottleneck.NAME, tmp_path_factory)


def test_sizes_are_those_of_the_post():
    paper = bottleneck.PRESETS["paper"]
    sizes = []
    for kind in study.KINDS:
        widths = [2, *paper.training_of(kind).model.widths, 1]
        pairs = itertools.pairwise(widths)
        sizes.append(sum((a + 1) * b for a, b in pairs))
    assert sizes == [1303, 1107]


def test_later_layers_read_the_bottleneck():
    network = random_network(np.random.default_rng(0), 2, [5, 2, 4], slopes=0.1)
    points = np.random.default_rng(1).uniform(-1.0, 1.0, (50, 2))
    places = study.activations(network, 1, points)
    assert places.shape == (50, 2)
    head = study.head_network(network, 1)
    np.testing.assert_allclose(head(places), network(points), rtol=1e-12)


def test_plane_holds_the_image_and_all_its_regions(finished):
    folder, summary = finished
    result = bottleneck.load(CONFIG, folder)
    training = CONFIG.training_of("bottleneck")
    _, snapshots = snapshot_networks(training, CONFIG.seeds, folder / "bottleneck")
    network = snapshots[CONFIG.seeds.index(summary["shown_seed"])][-1]
    head = study.head_network(network, len(CONFIG.before))
    box = regions.Box(*result.plane.box)
    assert (
        (result.plane.places >= box.lower) & (result.plane.places <= box.upper)
    ).all()
    count = regions.count_regions(head, box, method="tree")
    assert len(result.plane.polygons) == int(count)
    np.testing.assert_allclose(
        head(result.plane.places)[:, 0], result.output.ravel(), rtol=1e-9, atol=1e-12
    )
    assert result.plane.dark.mean() == pytest.approx(0.046, abs=0.02)


def test_measures_are_those_of_the_losses_and_snapshots(finished):
    folder, summary = finished
    result = bottleneck.load(CONFIG, folder)
    square = regions.Box([0.0, 0.0], [1.0, 1.0])
    for kind in study.KINDS:
        training = CONFIG.training_of(kind)
        _, snapshots = snapshot_networks(training, CONFIG.seeds, folder / kind)
        for i, row in enumerate(summary["tables"][kind]):
            count = int(regions.count_regions(snapshots[i][-1], square, method="tree"))
            assert row["regions"] == count
            assert row["growth"] == count / result.counts[kind][i, 0]
            half = row["half_epoch"]
            below = result.losses[kind][:, i] <= 0.5 * 0.0439
            assert (half is None) == (not below.any())
    assert {claim["verdict"] for claim in summary["claims"]} == {"undecided"}
