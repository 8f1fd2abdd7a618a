"""Batch normalization folded into the weights, against what it is defined by."""

import numpy as np
import pytest

from experiments import batch_centering
from experiments.batch_centering.folding import (
    EPSILON,
    batch_network,
    draw_layers,
    raw_network,
)
from regions.domains.shapes import Box
from regions.enumeration import count_regions
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(batch_centering.NAME, tmp_path_factory)


def test_the_smoke_run_holds_what_is_exact(finished):
    folder, summary = finished
    assert [c["verdict"] for c in summary["claims"][:3]] == ["confirmed"] * 3
    result = batch_centering.load(batch_centering.PRESETS["smoke"], folder)
    # Four lines through one point.
    assert (result.normalized[0.0, 1] == 8).all()


def test_units_are_standardized_over_the_batch():
    draw = draw_layers((5, 4), 2, 30, 3.0, 1)
    network = batch_network(draw, 0.7)
    for pre, beta in zip(network.pre_activations(draw.batch), draw.betas, strict=False):
        np.testing.assert_allclose(pre.mean(0), 0.7 * beta, atol=1e-12)
        assert (pre.std(0) < 1.0).all()
        assert (pre.std(0) > 1.0 - 1e3 * EPSILON).all()


def test_the_raw_network_is_moved_to_the_mean():
    draw = draw_layers((5,), 2, 30, 3.0, 1)
    pre = draw.weights[0] @ (draw.batch[0] + draw.mean) + draw.biases[0]
    got = next(iter(raw_network(draw).pre_activations(draw.batch[:1])))[0]
    np.testing.assert_allclose(got, pre, atol=1e-12)


def test_far_lines_miss_the_window():
    """Ten thousand deviations away no line of few is near; normalized, all are."""
    draw = draw_layers((3,), 2, 30, 1e4, 2)
    window = Box.cube(2)
    assert int(count_regions(raw_network(draw), window)) == 1
    assert int(count_regions(batch_network(draw, 0.0), window)) == 6
