"""Without biases: a run, its cones by formula, and its claims."""

import numpy as np
import pytest

from experiments import bias_free
from experiments.bias_free import study
from experiments.bias_free.claims import bias_claims
from experiments.bias_free.tuned_training import Contest
from regions.partition.class_polygons import area
from tests.experiments.helpers import run_smoke

SMOKE = bias_free.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(bias_free.NAME, tmp_path_factory)


def test_layers_have_the_cones_of_the_formula(finished):
    folder, summary = finished
    result = bias_free.load(SMOKE, folder)
    # 2 n in the plane, 2 (1 + 4 + 6) in space.
    assert result.counts.tolist() == [[10, 10], [22, 22]]
    exact = [claim for claim in summary["claims"] if claim["seeds"] == 0]
    assert [claim["verdict"] for claim in exact[:4]] == ["confirmed"] * 4


def test_partition_without_biases_is_a_fan_about_the_origin(finished):
    folder, _ = finished
    _, fan = bias_free.load(SMOKE, folder).partitions
    assert sum(area(polygon) for polygon in fan) == pytest.approx(1.0)
    for polygon in fan:
        assert np.linalg.norm(polygon, axis=1).min() < 1e-9


def test_losses_are_those_of_both_kinds(finished):
    folder, summary = finished
    (contest,) = bias_free.load(SMOKE, folder).contests.values()
    assert contest.train.shape == (2, 1, 2)
    assert (contest.train == contest.curves[:, -1][:, None]).all()
    row = summary["table"][0]
    assert row["free_test"] == np.median(contest.test[1, 0])
    assert (contest.sharpness > 0.0).all()


def test_claims_compare_without_with():
    seeds = 12
    reached = np.zeros((2, 1, seeds), np.int64)
    reached[0] = 40
    contest = Contest(
        train=np.stack([np.full((1, seeds), 0.01), np.full((1, seeds), 0.2)]),
        test=np.stack([np.full((1, seeds), 0.02), np.full((1, seeds), 0.2)]),
        reached=reached,
        sharpness=np.stack([np.full((2, seeds), 5.0), np.full((2, seeds), 1.0)]),
        curves=np.ones((2, 3, seeds)),
    )
    task = study.TASKS[0]
    cones = {
        "counts": np.array([[10]]),
        "bounded": np.zeros((1, 1)),
        "formula": np.array([10]),
    }
    rays = {"codes": np.zeros(3), "outputs": np.zeros(3), "pairs": np.ones(3)}
    claims = bias_claims(
        [task], [1e-3], {task.name: contest}, cones, rays, {task.name: 0.11}
    )
    verdicts = [claim.verdict for claim in claims]
    # Formula, unbounded, codes, outputs, bound; loss, rates, updates; two curvatures.
    assert verdicts == ["confirmed"] * 5 + ["refuted"] * 3 + ["confirmed"] * 2
