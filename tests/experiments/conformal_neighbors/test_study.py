"""The conformal-neighbors experiment: its numbers anew from its networks."""

import numpy as np
import pytest

from experiments import conformal_neighbors
from experiments.conformal_neighbors.claims import conformal_claims
from experiments.conformal_neighbors.study import noise_deviation, sample_problem
from experiments.measures.preconditioners import embeddings, kept_networks
from experiments.measures.target_surfaces import SQUARE, cosine_norm
from tests.experiments.helpers import run_smoke

SMOKE = conformal_neighbors.PRESETS["smoke"]
PROBLEM = SMOKE.problems[0]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of one run."""
    return run_smoke(conformal_neighbors.NAME, tmp_path_factory)


def test_coverage_and_width_are_those_of_brute_force(finished):
    folder, summary = finished
    values = conformal_neighbors.load(SMOKE, folder).measures[PROBLEM.name]
    networks = kept_networks(PROBLEM.training, (0, 1), folder / "noisy_surface")
    for seed, network in enumerate(networks):
        sample = sample_problem(PROBLEM, seed)
        train = np.asarray(sample.task.data.train_inputs, np.float64)
        for k, layer in enumerate((0, -1)):
            known = embeddings(network, train)[layer]
            others = embeddings(network, sample.others)[layer]
            distances = np.linalg.norm(others[:, None] - known, axis=2)
            near = distances.argsort(axis=1)[:, : PROBLEM.neighbors]
            ends = np.quantile(sample.values[near], [0.05, 0.95], axis=1)
            low, high = ends[:, 80:]
            wanted = sample.wanted
            inside = (low <= wanted[80:]) & (wanted[80:] <= high)
            assert values["raw_coverage"][seed, k] == pytest.approx(inside.mean())
            scores = np.maximum(ends[0] - wanted, wanted - ends[1])[:80]
            # The 73rd smallest of 80 scores: 0.9 times 81, rounded up.
            margin = np.sort(scores)[72]
            inside = (low - margin <= wanted[80:]) & (wanted[80:] <= high + margin)
            assert values["coverage"][seed, k] == pytest.approx(inside.mean())
            width = (high - low).mean() + 2.0 * margin
            assert values["width"][seed, k] == pytest.approx(width)
    row = summary["table"][0]
    assert row["width_embedding"] == pytest.approx(np.median(values["width"][:, 1]))


def test_noise_grows_from_left_to_right():
    points = np.array([[-SQUARE, 3.0], [0.0, -3.0], [SQUARE, 0.0]])
    assert noise_deviation(points) == pytest.approx([0.0, 0.25, 0.5])
    sample = sample_problem(conformal_neighbors.PRESETS["paper"].problems[1], 0)
    points = sample.task.inputs.back(sample.others)
    noise = (sample.wanted - cosine_norm(points)) / noise_deviation(points)
    assert noise.std() == pytest.approx(1.0, rel=0.05)


def test_parts_of_the_patients_are_disjoint():
    problem = conformal_neighbors.PRESETS["paper"].problems[2]
    sample = sample_problem(problem, 0)
    assert problem.points + problem.calibration + problem.tested == 442
    train = np.asarray(sample.task.data.train_inputs, np.float64)
    assert np.abs(train[:, None] - sample.others).sum(axis=2).min() > 1e-3


def test_claims_follow_the_numbers():
    values = {
        "coverage": np.full((12, 2), 0.91),
        "raw_coverage": np.full((12, 2), 0.8),
        "width": np.tile([1.0, 0.95], (12, 1)),
    }
    claims = conformal_claims({"surface": values})
    verdicts = [claim.verdict for claim in claims]
    assert verdicts == ["confirmed", "refuted", "refuted"]
