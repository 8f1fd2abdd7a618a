"""The preconditioner experiment: its numbers anew from its networks."""

import numpy as np
import pytest

import regions
from experiments import preconditioner
from experiments.measures.target_surfaces import SQUARE, cosine_norm
from experiments.preconditioner import study
from experiments.preconditioner.claims import (
    curved,
    monotonicity,
    preconditioner_claims,
)
from experiments.preconditioner.embedding_measures import standardized_square
from tests.experiments.helpers import run_smoke

SMOKE = preconditioner.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of one run."""
    return run_smoke(preconditioner.NAME, tmp_path_factory)


def test_errors_and_r2_are_those_of_formulas(finished):
    folder, summary = finished
    result = preconditioner.load(SMOKE, folder)
    for setting in SMOKE.settings:
        values = result.measures[setting.name]
        networks = study.final_networks(SMOKE, setting, folder)
        for seed, network in enumerate(networks):
            sample = study.sample_of(SMOKE, setting, seed)
            x = sample.task.inputs.back(sample.test)
            np.testing.assert_allclose(sample.target, cosine_norm(x), atol=1e-9)
            outputs = network(sample.test)[:, 0] * sample.task.outputs.scale
            missed = outputs + sample.task.outputs.mean - cosine_norm(x)
            expected = [np.sqrt((missed**2).mean()), np.abs(missed).max()]
            np.testing.assert_allclose(values["errors"][seed], expected)
            z, f = sample.test[: SMOKE.measured], sample.target[: SMOKE.measured]
            for layer in network.hidden:
                pre = z @ layer.weight.T + layer.bias
                z = np.where(pre > 0.0, pre, layer.slopes * pre)
            centered = z - z.mean(axis=0)
            axes = np.linalg.svd(centered, full_matrices=False)[2][:2]
            for row, part in ((0, centered @ axes.T), (1, centered)):
                design = np.column_stack([part, np.ones(len(f))])
                rest = f - design @ np.linalg.lstsq(design, f)[0]
                r2 = 1.0 - rest @ rest / ((f - f.mean()) ** 2).sum()
                assert values["end"][-1, seed, row] == pytest.approx(r2, abs=1e-9)
    assert summary["table"][0]["rmse"] == np.median(
        result.measures["Adam"]["errors"][:, 0]
    )


def test_regions_are_at_least_those_of_a_grid(finished):
    folder, _ = finished
    setting = SMOKE.settings[1]
    counts = preconditioner.load(SMOKE, folder).measures["Lux"]["regions"]
    networks = study.final_networks(SMOKE, setting, folder)
    for seed, network in enumerate(networks):
        inputs = study.sample_of(SMOKE, setting, seed).task.inputs
        box = standardized_square(SQUARE, inputs)
        grid = regions.hash_grid(network, box, 200, labels=False)
        assert grid.count <= counts[seed] <= grid.count + 6


def test_first_time_is_the_start_and_the_last_of_adam_the_end(finished):
    folder, _ = finished
    values = preconditioner.load(SMOKE, folder).measures["Adam"]
    assert values["times"].tolist() == [0, 20]
    np.testing.assert_array_equal(values["last"][0], values["start"][-1])
    np.testing.assert_array_equal(values["last"][-1], values["end"][-1])


def test_movie_is_there_and_its_frames_differ(finished):
    folder, _ = finished
    for name in ("movie.mp4", "movie.gif"):
        assert (folder / name).stat().st_size > 1000
    first, second = (p.read_bytes() for p in sorted((folder / "frames").iterdir()))
    assert first != second


def test_monotonicity_of_falling_rising_and_equal_values():
    values = np.array([[3.0, 1.0, 5.0], [2.0, 2.0, 5.0], [0.0, 9.0, 5.0]])
    assert monotonicity(values) == pytest.approx([-1.0, 1.0, 0.0])


def test_claims_follow_the_numbers():
    layers, seeds, measures = 4, 40, 6
    end = np.full((layers, seeds, measures), 1.0)
    end[:, :, 0] = np.array([0.0, 0.5, 0.9, 0.99])[:, None]
    end[:, :, 1] = end[:, :, 0]
    end[:, :, 4] = np.array([50.0, 20.0, 100.0, 60.0])[:, None]
    start = np.full((layers, seeds, measures), 0.0)
    start[:, :, 3:] = 100.0
    good = {
        "end": end,
        "start": start,
        "last": end,
        "errors": np.full((seeds, 2), 0.05),
    }
    assert curved(end, "r2_plane")[-1, 0] == pytest.approx(0.01)
    claims = preconditioner_claims({"Adam": good, "autoencoder": {"end": end}})
    verdicts = [claim.verdict for claim in claims]
    assert verdicts[:9] == ["confirmed"] * 9
    # By floors: a hundredth of the start is left; of the middle one more than half,
    # and it does not fall.
    assert verdicts[9:] == [
        *("confirmed", "refuted", "refuted", "refuted", "confirmed"),
        *("refuted", "refuted"),
    ]
