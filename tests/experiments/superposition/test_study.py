"""Superposition: counts of cells, and the border of the phases."""

import numpy as np
import pytest

from experiments import superposition
from experiments.superposition import study
from tests.experiments.helpers import run_smoke
from training.toy_models import antipodal_loss, ignored_loss, polygon

SMOKE = superposition.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(superposition.NAME, tmp_path_factory)


def test_pentagon_has_sixteen_cells_of_3_125_facets(finished):
    _, summary = finished
    assert summary["cells"] == summary["cells_of_features"] == 16
    assert summary["mean_facets"] == 3.125
    assert summary["cells_without_biases"] == 10
    cells, without_biases = summary["claims"][-2:]
    assert (cells["value"], cells["verdict"]) == (16.0, "confirmed")
    assert (without_biases["value"], without_biases["verdict"]) == (10.0, "confirmed")


def test_drawn_cells_fill_the_square(finished):
    folder, _ = finished
    result = superposition.load(SMOKE, folder)
    area = 0.0
    for cell in result.cells:
        x, y = cell.T
        area += 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1))
    assert area == pytest.approx(4.0 * study.VIEW**2)
    assert result.W.shape == (3, 2, 2, 5)
    assert result.phases.shape == (2, 2, 2)


def test_border_is_where_the_closed_forms_are_equal():
    ratio = np.geomspace(0.1, 10.0, 9)
    density = study.border(ratio)
    kept = np.minimum(1.0, ratio) * ignored_loss(density)
    both = (1.0 + ratio) * antipodal_loss(density)
    np.testing.assert_allclose(kept, both, rtol=1e-12)
    # Two features of one importance: p/3 - p^2/4 = p^2/3.
    assert study.border(np.array([1.0]))[0] == pytest.approx(4.0 / 7.0)


def test_represented_counts_long_columns():
    assert study.represented(polygon(5)) == 5
    W = np.array([[[1.0, 0.1, 0.0]], [[0.0, 0.4, -0.6]]])
    assert study.represented(W).tolist() == [1, 1]
