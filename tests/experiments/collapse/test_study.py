"""The collapse: its timeline against hand-made losses, and a whole small run."""

import numpy as np
import pytest

from experiments.collapse.claims import collapse_claims
from experiments.collapse.crossings import crossing_share
from experiments.collapse.study import PRESETS, _contrast
from experiments.collapse.timeline import SPAN, Timeline, levels, timeline
from experiments.measures.boundary_length import share_in_ring
from experiments.measures.unit_square import enumerate_square
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network

CONSTANT = 0.04


def test_levels_are_medians_of_what_came_before():
    losses = np.random.default_rng(0).random(3 * SPAN)
    for epoch in (0, 7, SPAN, 3 * SPAN - 1):
        expected = np.median(losses[max(epoch - SPAN + 1, 0) : epoch + 1])
        assert levels(losses)[epoch] == pytest.approx(expected)


def test_story_of_a_collapse():
    parts = [(300, 0.04), (700, 0.004), (40, 0.007), (960, 0.03), (500, 0.005)]
    losses = np.concatenate([np.full(*part) for part in parts])
    story = timeline(losses, CONSTANT)
    # A level is of the new kind when half of its 100 epochs are (51 of them, the median
    # of an even number is a mean).
    assert story.found == 351
    # It starts with the first disturbance, 1.75 times what was, not with the jump.
    assert story.start == 1001
    assert story.rise == pytest.approx(7.5)
    assert story.peak == 1091
    assert story.recovered == 2051


def test_spikes_are_no_collapse():
    losses = np.full(2000, 0.004)
    losses[500::60] = 0.04
    assert timeline(losses, CONSTANT) == Timeline(1, 1.0, None, None, None)
    assert timeline(np.full(500, 0.04), CONSTANT).found is None


def test_contrast_is_over_quiet_windows_of_the_same_length():
    epochs = np.arange(0, 1000, 100)
    place = np.array([0, 9, 2, 3, 4, 10, 11, 12, 13, 14.0])
    distances = np.abs(place[:, None] - place[None, :])
    story = Timeline(found=150, rise=5.0, start=420, peak=450, recovered=500)
    # From 4 to 10, over windows of one snapshot after 150 but that one.
    assert _contrast(epochs, story, distances) == 6.0


def test_share_of_crossings_is_that_of_exact_lengths():
    network = random_network(np.random.default_rng(1), 2, [6, 6])
    exact = share_in_ring(enumerate_square(network).polygons(), (0.5, 0.5), (0.2, 0.4))
    found = crossing_share(network, (0.2, 0.4), lines=400, steps=200)
    assert found == pytest.approx(exact, abs=0.03)
    assert 0.1 < exact < 0.9


def _row(**changes):
    row = {
        "seed": 0,
        "epochs": 6000,
        "layers": 41,
        "found": 900,
        "rise": 6.0,
        "start": 3200,
        "peak": 3300,
        "height": 0.9,
        "recovered": 3800,
        "spike_rate": 30.0,
        "gap": 0.05,
        "regions": [100_000, 10_000, 120_000],
        "near_edges": [0.8, 0.1, 0.8],
        "varying": [3, 0],
        "contrast": 1.5,
        "deepest_step": 35,
    }
    return row | changes


def test_claims_follow_the_rows():
    good = collapse_claims([_row()] * 10, {"AMSGrad": [_row(rise=2.0)] * 10})
    assert {claim.verdict for claim in good} == {"confirmed"}
    bad = collapse_claims(
        [
            _row(
                found=2000,
                rise=2.5,
                start=1000,
                recovered=None,
                spike_rate=0.0,
                gap=0.2,
                regions=[100, 90, 95],
                near_edges=[0.2, 0.2, 0.2],
                varying=[3, 3],
                contrast=0.5,
                deepest_step=3,
            )
        ]
        * 10,
        {"AMSGrad": [_row(rise=3.0)] * 10},
    )
    # All but the rise itself, which is over 2.
    assert [claim.verdict for claim in bad].count("refuted") == len(bad) - 1
    calm = collapse_claims([_row(rise=1.2, start=None)] * 10, {})
    assert len(calm) == 4


def test_smoke_run_keeps_every_update(tmp_path_factory):
    folder, summary = run_smoke("collapse", tmp_path_factory)
    config = PRESETS["smoke"]
    losses = np.load(folder / "plain-0.npz")["losses"]
    assert losses.shape == (config.epochs * 2,)
    assert len(summary["seeds"]) == len(config.seeds)
    assert all(len(row["regions"]) == 3 for row in summary["seeds"])
