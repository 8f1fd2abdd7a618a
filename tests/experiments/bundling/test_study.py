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


def test_updates_are_about_those_asked_for(finished):
    folder, summary = finished
    measures = bundling.load(SMOKE, folder).measures
    assert measures["base"]["updates"].tolist() == [0, 24, 48]
    # 32 x 32 pixels less 4 in batches of 60 are 17 updates, three times.
    assert measures["all pixels"]["updates"].tolist() == [0, 17, 34, 51]
    ratio = measures["base"]["ratio"]
    assert ratio.shape == (3, 2)
    row = summary["table"][0]
    assert row["ratio_after"] == pytest.approx(np.median(ratio[-1]))
    assert (measures["base"]["turns"][0] != measures["base"]["turns"][1]).any()


def test_paper_preset_sees_each_pixel_at_most_twice():
    config = bundling.PRESETS["paper"]
    setting = next(s for s in config.settings if s.all_pixels)
    training = study.training_of(config, setting)
    assert training.epochs <= 2
    assert training.batch_size == config.data.num_train


def test_claims_follow_the_numbers():
    def values(before: float, after: float) -> np.ndarray:
        return np.array([[before] * 10, [after] * 10])

    def measures(after: float) -> dict[str, np.ndarray]:
        return {
            "ratio": values(1.0, after),
            "p_value": values(0.5, 0.005 if after < 0.5 else 0.5),
            "effective": values(0.9, 0.9 * after),
            "rayleigh": values(0.1, 0.1),
        }

    bunched = {"base": measures(0.3), "init 0.25": measures(0.1)}
    verdicts = [claim.verdict for claim in bundling_claims(bunched)]
    assert verdicts == ["confirmed"] * 6
    even = {"base": measures(1.0), "init 0.25": measures(1.3)}
    verdicts = [claim.verdict for claim in bundling_claims(even)]
    assert verdicts == ["refuted"] * 4 + ["confirmed", "refuted"]
    centered = {"base": measures(0.9), "centered": measures(0.1)}
    centered["base"]["ratio"] = values(0.5, 0.45)
    verdicts = [claim.verdict for claim in bundling_claims(centered)]
    assert verdicts[-2:] == ["confirmed", "confirmed"]
