"""Depth and spikes: what is trained, what is counted, what follows."""

import dataclasses

import numpy as np
import pytest
import scipy.stats

import regions
from experiments import depth_stability
from experiments.depth_stability.claims import depth_claims, depth_correlations
from experiments.measures.seed_networks import snapshot_networks
from tests.experiments.helpers import run_smoke

CONFIG = depth_stability.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(depth_stability.NAME, tmp_path_factory)


def test_depths_differ_in_layers_alone_and_remedies_in_one_setting():
    kinds = depth_stability.PRESETS["paper"].kinds()
    plain = kinds["depth-20"]
    assert len(plain.model.widths) == 20
    for name, training in kinds.items():
        same_model = dataclasses.replace(training, model=plain.model)
        same_optimizer = dataclasses.replace(training, optimizer=plain.optimizer)
        if name.startswith("depth-"):
            assert same_model == plain
        else:
            assert same_optimizer == plain
            changed = [
                field.name
                for field in dataclasses.fields(plain.optimizer)
                if getattr(training.optimizer, field.name)
                != getattr(plain.optimizer, field.name)
            ]
            assert len(changed) == 1


def test_numbers_are_those_of_losses_and_last_networks(finished):
    folder, summary = finished
    result = depth_stability.load(CONFIG, folder)
    square = regions.Box([0.0, 0.0], [1.0, 1.0])
    for name, training in CONFIG.kinds().items():
        _, snapshots = snapshot_networks(training, CONFIG.seeds, folder / name)
        for i, row in enumerate(summary["tables"][name]):
            losses = result.losses[name][:, i]
            assert len(losses) == CONFIG.epochs
            ratios = [
                losses[e] / np.median(losses[e - 50 : e].astype(float))
                for e in range(50, CONFIG.epochs)
            ]
            assert row["max_ratio"] == pytest.approx(max(1.0, *ratios))
            high = np.mean(np.array(ratios) > 3.0)
            assert row["spike_rate"] == pytest.approx(1000.0 * high)
            count = regions.count_regions(snapshots[i][-1], square)
            assert row["regions"] == int(count)


def _rows(values: list[float]) -> list[dict]:
    return [
        {"spike_rate": v, "max_ratio": v, "spikes": [], "state": "learned"}
        for v in values
    ]


def test_correlation_with_depth_is_that_of_ranks():
    rng = np.random.default_rng(0)
    plain = {depth: _rows(list(rng.uniform(size=10))) for depth in (2, 4, 8, 16)}
    plain[16][3]["spike_rate"] = plain[8][3]["spike_rate"]
    found = depth_correlations(plain, "spike_rate")
    for seed in range(10):
        values = [rows[seed]["spike_rate"] for rows in plain.values()]
        expected = scipy.stats.spearmanr([2, 4, 8, 16], values)
        assert found[seed] == pytest.approx(getattr(expected, "statistic"))  # noqa: B009
    flat = {depth: _rows([0.0] * 3) for depth in (2, 4)}
    assert depth_correlations(flat, "spike_rate").tolist() == [0.0] * 3
    lost = {2: _rows([1.0]), 4: _rows([0.5])}
    lost[4][0]["max_ratio"] = None
    assert depth_correlations(lost, "max_ratio") == pytest.approx([1.0])


def test_verdicts_are_what_the_numbers_say():
    plain = {2: _rows([0.0] * 10), 4: _rows([5.0] * 10), 8: _rows([9.0] * 10)}
    remedies = {"clip": _rows([1.0] * 10), "eps": _rows([9.0] * 10)}
    verdicts = [claim.verdict for claim in depth_claims(plain, plain[8], remedies)]
    assert verdicts == ["confirmed"] * 4 + ["refuted"]


def test_runs_too_short_for_spikes_are_refused():
    with pytest.raises(ValueError, match="more than 50"):
        dataclasses.replace(CONFIG, epochs=50)
    with pytest.raises(ValueError, match="one of `depths`"):
        dataclasses.replace(CONFIG, remedy_depth=3)
