"""The pulse experiment, from losses to claims."""

import csv
import json

import numpy as np
import pytest

from experiments import pulse
from experiments.pulse import study
from experiments.pulse.claims import pulse_claims
from tests.experiments.helpers import run_smoke
from training.progress import quiet

SMOKE = pulse.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of one run."""
    return run_smoke(pulse.NAME, tmp_path_factory)


def test_numbers_are_those_of_the_losses_in_the_metrics(finished):
    folder, summary = finished
    measures = pulse.load(SMOKE, folder).measures
    assert [row["setting"] for row in summary["table"]] == list(measures)
    for name, values in measures.items():
        place = folder / name.replace(" ", "_") / "metrics"
        for i, seed in enumerate(SMOKE.seeds):
            with (place / f"seed-{seed}.csv").open() as file:
                rows = list(csv.DictReader(file))
            losses = np.array([float(row["train_loss"]) for row in rows])
            assert len(losses) == SMOKE.updates
            window = losses[-SMOKE.window :]
            assert values["losses"][:, i] == pytest.approx(window)
            rising = np.mean(window[1:] > window[:-1] * (1.0 + 1e-5))
            assert values["rising"][i] == pytest.approx(rising)
            t = np.arange(len(window))
            around = np.log(window) - np.polyval(np.polyfit(t, np.log(window), 2), t)
            assert values["swing"][i] == pytest.approx(around.std(), rel=1e-4)


def test_curvature_is_followed_from_where_the_base_run_ends(finished):
    folder, summary = finished
    result = pulse.load(SMOKE, folder)
    assert result.trace["predictor"].shape == (2, SMOKE.traced)
    assert (result.trace["predictor"] > 0.0).all()
    last = result.measures["adam"]["losses"][-1]
    # The next update's loss, half an optimizer step away.
    assert result.trace["losses"][:, 0] == pytest.approx(last, rel=0.2)
    assert summary["leads"]["chance"] == result.trace["chance"].tolist()


def test_killed_run_does_not_train_finished_settings_again(finished, monkeypatch):
    folder, summary = finished
    (folder / "summary.json").unlink()
    for name in ("fit_ensemble", "trace_curvature"):
        monkeypatch.setattr(study, name, None)
    again = pulse.run(SMOKE, folder, quiet)
    assert json.loads(json.dumps(again)) == summary


def test_exponent_of_a_period_that_follows_a_power_is_found():
    config = pulse.PRESETS["paper"]
    measures = {
        s.name: {"period": 2.0 * (1.0 - s.optimizer.beta2) ** np.array([-0.5, -1.0])}
        for s in config.settings
    }
    assert study.period_slopes(config, measures) == pytest.approx([0.5, 1.0])


def _measures(swings: dict[str, float], rising: float) -> dict:
    jitter = 1.0 + 1e-3 * np.arange(10)
    return {
        name: {"swing": swing * jitter, "rising": np.full(10, rising)}
        for name, swing in swings.items()
    }


def test_claims_follow_the_numbers():
    trace = {
        "peaks": np.full(10, 4),
        "announced": np.full(10, 4),
        "chance": np.full(10, 0.2),
        "lead": np.full(10, 6.0),
    }
    measures = _measures({"adam": 1.0, "amsgrad": 0.2, "lr 0.001": 0.9}, 0.3)
    claims = pulse_claims(measures, trace, np.full(10, 0.7))
    verdicts = {claim.claim.split(",")[0]: claim.verdict for claim in claims}
    assert verdicts["Adam pulses at a learning rate of 0.01."] == "confirmed"
    assert verdicts["The period is proportional to that memory."] == "refuted"
    assert verdicts["AMSGrad"] == "confirmed"
    assert (
        verdicts["A ten times smaller learning rate at least halves the pulse."]
        == "refuted"
    )
    assert [claim.verdict for claim in claims[-3:]] == ["confirmed"] * 3
    trace["peaks"][:] = 0
    assert len(pulse_claims(measures, trace, np.full(10, 0.7))) == len(claims) - 3
