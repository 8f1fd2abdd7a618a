"""The bundling experiment: creases of the trained networks, setting by setting."""

import numpy as np
import pytest

from experiments import bundling
from experiments.bundling import study
from experiments.bundling.claims import bundling_claims
from experiments.bundling.creases import network_creases
from experiments.measures.seed_networks import initial_networks
from tests.experiments.helpers import run_smoke
from training.config import ModelConfig, TrainingConfig

SMOKE = bundling.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of one run."""
    return run_smoke(bundling.NAME, tmp_path_factory)


def test_first_creases_are_those_of_the_initial_networks(finished):
    folder, _ = finished
    measures = bundling.load(SMOKE, folder).measures
    training = TrainingConfig(model=ModelConfig(widths=(SMOKE.width,)))
    networks = initial_networks(training, SMOKE.seeds)
    for name, corner in (("base", (0.0, 0.0)), ("centered", (-0.5, -0.5))):
        found = [network_creases(network, corner) for network in networks]
        counts = [int(one.meets.sum()) for one in found]
        assert measures[name]["creases"][0].tolist() == counts
        assert measures[name]["turns"][0] == pytest.approx(found[0].turns)
        assert measures[name]["offsets"][0] == pytest.approx(found[0].offsets)


def test_updates_are_about_those_asked_for_and_gradients_are_the_formulas(finished):
    folder, summary = finished
    result = bundling.load(SMOKE, folder)
    measures = result.measures
    assert measures["base"]["updates"].tolist() == [0, 17, 34]
    # 32 x 32 pixels less 4 in batches of 60 are 17 updates, twice.
    assert measures["all pixels"]["updates"].tolist() == [0, 17, 34]
    for values in measures.values():
        assert values["mismatch"].max() < 1e-9
    row = summary["table"][0]
    assert row["circle_after"] == np.median(measures["base"]["circle"][-1])
    assert (measures["base"]["turns"][0] != measures["base"]["turns"][1]).any()
    # 32 pixels a side: within a pixel's share of the continuous square.
    formula, measured = result.single["formula"], result.single["measured"]
    assert np.abs(formula - measured).max() < 0.15 * np.abs(formula).max()


def test_paper_preset_sees_each_pixel_at_most_twice():
    config = bundling.PRESETS["paper"]
    setting = next(s for s in config.settings if s.all_pixels)
    training = study.training_of(config, setting)
    assert training.epochs == 2
    assert training.batch_size == config.data.num_train
    assert training.batch_size is not None
    per_epoch = -(-(config.data.size**2 - config.data.num_val) // training.batch_size)
    assert 2 * per_epoch == config.updates


def _measures(share: float, distance: float, ridges: float) -> dict[str, np.ndarray]:
    def values(before: float, after: float) -> np.ndarray:
        return np.array([[before] * 10, [after] * 10])

    return {
        "circle": values(0.02, share),
        "circle_law": np.array(0.02),
        "over_law": values(1.0, distance),
        "over_others": values(1.0, distance),
        "ridges": values(0.5, ridges),
        "deepest": values(0.4, 0.27),
        "held": values(0.5, ridges),
        "mismatch": values(1e-12, 1e-12),
    }


def test_claims_follow_the_numbers():
    single = {"formula": np.ones(3), "measured": np.array([1.0, 1.001, 1.0])}
    bunched = {"base": _measures(0.2, 0.5, 1.0), "init 0.25": _measures(0.2, 0.1, 1.0)}
    claims = bundling_claims(bunched, single)
    assert [claim.verdict for claim in claims] == ["confirmed"] * 9
    even = {"base": _measures(0.02, 1.1, 0.4), "init 0.25": _measures(0.02, 1.3, 0.4)}
    single["measured"] = np.array([1.0, 2.0, 1.0])
    verdicts = [claim.verdict for claim in bundling_claims(even, single)]
    # The residual is lowest at 0.27 and gradients agree, whatever the creases do.
    expected = ["refuted"] * 5 + ["confirmed", "confirmed"] + ["refuted"] * 2
    assert verdicts == expected
