"""One unit, one hyperplane: bits, offsets and areas against plain arithmetic."""

import csv
from fractions import Fraction

import numpy as np
import pytest

import regions
from experiments import neuron_hyperplane
from experiments.neuron_hyperplane import study
from experiments.neuron_hyperplane.study import DRAWN, SLOPES, edge_distance, measure
from tests.experiments.helpers import run_smoke

SMOKE = neuron_hyperplane.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(neuron_hyperplane.NAME, tmp_path_factory)


def test_no_bit_differs_from_the_sign_and_ties_were_met(finished):
    folder, summary = finished
    with (folder / "units.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == SMOKE.units * len(SLOPES)
    assert [claim["verdict"] for claim in summary["claims"]] == ["confirmed"] * 5
    # Ties by rational arithmetic, of a unit in sixteenths.
    w1, w2, b = (Fraction(float(rows[0][name])) for name in ("w1", "w2", "b"))
    n = SMOKE.resolution
    axis = [Fraction(2 * i, n) - 1 for i in range(n)]
    ties = sum(w1 * x + w2 * y + b == 0 for x in axis for y in axis)
    assert int(rows[0]["ties"]) == ties > 0
    assert summary["bits"] == len(rows) * n * n


def test_offset_is_the_distance_of_the_line_from_the_origin(finished):
    folder, _ = finished
    result = neuron_hyperplane.load(SMOKE, folder)
    w, b = np.array(DRAWN[0]), DRAWN[1]
    nearest = -b * w / (w @ w)
    assert (result.w == w).all()
    assert (w @ nearest + b) == pytest.approx(0.0, abs=1e-15)
    row = measure(w, b, "leaky ReLU", 64)
    assert row.offset == pytest.approx(np.linalg.norm(nearest))
    assert (row.regions, row.wrong_bits, row.ties_on, row.map_error) == (2, 0, 0, 0.0)

    on = result.polygons[int(np.flatnonzero(result.on)[0])]
    x, y = on.T
    area = 0.5 * abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))
    # 3x + 2y = 3/4 cuts the top at x = -5/12 and the bottom at x = 11/12.
    assert area == pytest.approx(0.5 * 2.0 * (17.0 / 12.0 + 1.0 / 12.0))


def test_a_line_outside_the_box_leaves_one_region():
    row = measure(np.array([1.0, 0.5]), 8.0, "ReLU", 32)
    assert (row.regions, row.ties, row.wrong_bits, row.edge_error) == (1, 0, 0, 0.0)


def test_edge_distance_sees_a_shifted_line():
    network = study.unit_network(np.array([1.0, 0.0]), -0.25, 0.0)
    found = regions.enumerate_regions(network, study.BOX)
    normal = np.array([1.0, 0.0])
    assert edge_distance(found.polygons(), normal, 0.25) == 0.0
    assert edge_distance(found.polygons(), normal, 0.75) == 0.5
    with pytest.raises(ValueError, match="2 are required"):
        edge_distance([found.polygons()[0], 9.0 + found.polygons()[1]], normal, 0.25)


def test_too_few_units_are_refused():
    with pytest.raises(ValueError, match="`units` is 1"):
        study.Config(units=1)
