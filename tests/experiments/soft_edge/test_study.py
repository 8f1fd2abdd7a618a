"""The soft-edge experiment: widths, slopes and exponents against formulas."""

import numpy as np
import pytest

import regions
from experiments import soft_edge
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.soft_edge import study
from experiments.soft_edge.claims import soft_edge_claims
from tests.experiments.helpers import run_smoke
from training.ensemble import ensemble_snapshots

SMOKE = soft_edge.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of one run."""
    return run_smoke(soft_edge.NAME, tmp_path_factory)


def _networks(folder, index: int) -> list[regions.ReluNetwork]:
    training = study.training_of(SMOKE, SMOKE.settings[index])
    place = folder / SMOKE.settings[index].name
    *_, (epoch, params) = ensemble_snapshots(training, SMOKE.seeds, place)
    assert epoch == SMOKE.epochs
    return require_networks(seed_networks(params, training), SMOKE.seeds)


def test_slopes_and_regions_are_those_of_all_activation_patterns(finished):
    folder, _ = finished
    measures = soft_edge.load(SMOKE, folder).measures["500"]
    for i, network in enumerate(_networks(folder, 0)):
        grid = regions.hash_grid(
            network, regions.Box([0.0, 0.0], [1.0, 1.0]), 400, labels=False
        )
        hidden, output = network.layers
        x = np.random.default_rng(0).uniform(size=(20_000, 2))
        on = np.where(x @ hidden.weight.T + hidden.bias > 0.0, 1.0, 0.01)
        slopes = np.linalg.norm((on * output.weight[0]) @ hidden.weight, axis=1)
        assert measures["regions"][i] >= grid.count
        assert measures["slopes"][i] >= slopes.max() - 1e-6
        assert measures["slopes"][i] == pytest.approx(slopes.max(), rel=0.1)


def test_width_is_that_of_the_profile_of_the_network(finished):
    folder, summary = finished
    result = soft_edge.load(SMOKE, folder)
    network = _networks(folder, 1)[0]
    x = 0.5 + np.linspace(0.05, 0.45, SMOKE.samples)
    profile = network(np.stack([x, np.full(len(x), 0.5)], axis=1))[:, 0]
    assert result.measures["19x6"]["profile"] == pytest.approx(profile)
    widths = result.measures["500"]["widths"]
    assert widths.shape == (2, 2)
    assert np.isfinite(widths).any()
    row = summary["table"][0]
    assert row["without_edge"] == np.isinf(widths[-1]).sum()


def test_claims_follow_the_numbers_and_leave_out_seeds_without_edge():
    def measures(half: float, width: float, slope: float) -> dict[str, np.ndarray]:
        widths = np.array([[half] * 12, [width] * 12])
        norms = np.full((2, 12), 30.0 if half > width else 15.0)
        return {"widths": widths, "slopes": np.full(12, slope), "norms": norms}

    found = {
        "500": measures(0.1, 0.08, 15.0),
        "500, decay 0.1": measures(0.12, 0.12, 15.0),
        "19x6": measures(0.01, 0.005, 400.0),
        "19x6, decay 0.1": measures(0.005, 0.004, 400.0),
    }
    found["19x6"]["widths"][:, 0] = np.inf
    claims = soft_edge_claims(found)
    verdicts = [claim.verdict for claim in claims]
    assert verdicts == ["confirmed"] * 5 + ["refuted"] + ["confirmed"] * 2
    assert [claim.seeds for claim in claims] == [12, 12, 12, 12, 12, 11, 11, 12]
    assert claims[1].value == pytest.approx(0.8)
