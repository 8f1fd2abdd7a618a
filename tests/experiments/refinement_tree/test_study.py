"""The tree of regions: a run, its table, and bounds by hand."""

import numpy as np
import pyarrow.parquet
import pytest

from experiments import refinement_tree
from experiments.refinement_tree.claims import Setting
from experiments.refinement_tree.figure import tree_order
from regions.partition.class_polygons import area
from tests.experiments.helpers import run_smoke

SMOKE = refinement_tree.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(refinement_tree.NAME, tmp_path_factory)


def test_tree_is_nested_in_codes_and_in_areas(finished):
    folder, _ = finished
    table = pyarrow.parquet.read_table(folder / "tree.parquet").to_pylist()
    codes = {(row["level"], row["region"]): row for row in table}
    filled: dict[tuple[int, int], float] = {}
    for row in table:
        assert len(row["code"]) == 4 * row["level"]
        above = (row["level"] - 1, row["parent"])
        if above[0]:
            assert row["code"].startswith(codes[above]["code"])
        filled[above] = filled.get(above, 0.0) + row["area"]
    assert filled.pop((0, 0)) == pytest.approx(1.0)
    for node, total in filled.items():
        assert total == pytest.approx(codes[node]["area"], abs=1e-10)
    # Every region but those of the last level has children.
    assert len(filled) == sum(row["level"] < 3 for row in table)


def test_counts_are_those_of_the_polygons_and_the_claims_hold(finished):
    folder, summary = finished
    result = refinement_tree.load(SMOKE, folder)
    counts = result.measures["4x3 trained"]["counts"]
    assert counts.shape == (2, 3)
    assert counts[0].tolist() == [len(level) for level in result.levels]
    for level in result.levels:
        assert sum(area(polygon) for polygon in level) == pytest.approx(1.0)
    exact = [claim for claim in summary["claims"] if claim["seeds"] == 0]
    assert [claim["verdict"] for claim in exact] == ["confirmed"] * 5
    total = sum(int(m["counts"].sum()) for m in result.measures.values())
    assert f"of {total:,} regions 0 lie" in summary["headline"]


def test_bounds_by_hand():
    # One layer of 8: 1 + 8 + 28; two: (1 + 8 + 28)^2.
    assert Setting(name="a", widths=(8, 8)).upper_bounds() == [37, 1369]
    leaky = Setting(name="b", widths=(2, 2), leaky=True)
    assert leaky.upper_bounds() == [4, 16]
    with pytest.raises(ValueError, match="one width"):
        Setting(name="c", widths=(8, 4))


def test_children_are_drawn_below_their_parents():
    parents = [np.zeros(3, np.int64), np.array([2, 0, 1, 0])]
    places = tree_order(parents)
    assert places[0].tolist() == [0, 1, 2]
    assert places[1].tolist() == [3, 0, 2, 1]
