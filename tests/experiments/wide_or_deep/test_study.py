"""Wide against deep: a run against formulas, and slopes of known powers."""

import numpy as np
import pytest

from experiments import wide_or_deep
from experiments.wide_or_deep.claims import slopes, wide_or_deep_claims
from regions.bounds import zaslavsky_count
from regions.partition.class_polygons import area
from tests.experiments.helpers import run_smoke

SMOKE = wide_or_deep.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(wide_or_deep.NAME, tmp_path_factory)


def test_one_layer_has_the_count_of_its_formula(finished):
    folder, _ = finished
    random = wide_or_deep.load(SMOKE, folder).random
    for units in (4, 8):
        assert random[2, units, 1].tolist() == [zaslavsky_count(units, 2)] * 2
        assert (random[2, units, 2] > units).all()


def test_trained_networks_have_equal_parameters_and_whole_partitions(finished):
    folder, summary = finished
    result = wide_or_deep.load(SMOKE, folder)
    assert [row["parameters"] for row in summary["table"]] == [61, 57]
    assert [row["shape"] for row in summary["table"]] == ["15x1", "4x3"]
    for depth, polygons in zip(SMOKE.depths, result.partitions, strict=True):
        assert len(polygons) == result.trained[depth]["after"][0]
        assert sum(area(polygon) for polygon in polygons) == pytest.approx(1.0)
    # One layer cannot have more than its lines make.
    assert (result.trained[1]["after"] <= zaslavsky_count(15, 2)).all()


def test_slopes_of_powers():
    units = [3, 6, 24]
    counts = np.stack([np.array(units) ** 2.0, 5.0 * np.array(units) ** 3.0], axis=1)
    assert slopes(units, counts).tolist() == pytest.approx([2.0, 3.0])


def test_claims_follow_the_numbers():
    half = {n: np.full(12, n * n / 2.0) for n in (20, 40)}
    random = {
        (2, n, k): half[n] * (1.0 if k == 1 else 3.0) for n in half for k in (1, 2)
    }

    def row(before: float, after: float, test: float) -> dict[str, np.ndarray]:
        return {
            "before": np.full(12, before),
            "after": np.full(12, after),
            "train": np.full(12, test),
            "test": np.full(12, test),
        }

    trained = {1: row(100.0, 200.0, 0.02), 4: row(10.0, 150.0, 0.01)}
    verdicts = [c.verdict for c in wide_or_deep_claims(random, trained, (1, 2))]
    yes, no = "confirmed", "refuted"
    # Slope and size of two layers; stacking; fewer; fit, growth, per parameter.
    assert verdicts == [yes, no, no, yes, yes, yes, no]
