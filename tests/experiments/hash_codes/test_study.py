"""Hash tables of moons: tables on disk, codes and maps by plain evaluation."""

import csv

import numpy as np
import pyarrow.parquet
import pytest

import regions
from experiments import hash_codes
from experiments.hash_codes import study
from regions.files.writing import read_arrays
from tests.experiments.helpers import run_smoke

SMOKE = hash_codes.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(hash_codes.NAME, tmp_path_factory)


def test_csv_npz_and_parquet_hold_one_table(finished):
    folder, _ = finished
    with (folder / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    table = pyarrow.parquet.read_table(folder / "table.parquet").to_pylist()
    arrays = read_arrays(folder / "table.npz")
    assert len(rows) == len(table) == len(arrays["counts"])
    assert sum(int(row["points"]) for row in rows) == SMOKE.points
    for k, (text, row) in enumerate(zip(rows, table, strict=True)):
        assert text["code"] == row["code"]
        assert [int(i) for i in text["ids"].split()] == row["ids"]
        assert row["ids"] == np.flatnonzero(arrays["codes"] == k).tolist()
        assert float(text["c_0"]) == row["c"][0] == arrays["c"][k, 0]


def test_every_point_has_the_code_of_the_region_that_it_lies_in(finished):
    folder, _ = finished
    result = hash_codes.load(SMOKE, folder)
    printed = {}
    for line in result.lines:
        if " -> " in line:
            code, rest = line.split(" -> ")
            printed |= {int(i): code.strip() for i in rest.split("ids ")[1].split()}
    assert sorted(printed) == list(range(SMOKE.printed))
    for number, point in enumerate(result.points):
        inside = [_holds(polygon, point) for polygon in result.polygons].index(True)
        assert result.texts[inside] == printed[number]


def _holds(polygon: np.ndarray, point: np.ndarray) -> bool:
    """Whether a convex polygon, counterclockwise, holds a point."""
    edges, to = np.roll(polygon, -1, axis=0) - polygon, point - polygon
    return bool((edges[:, 0] * to[:, 1] - edges[:, 1] * to[:, 0] >= 0.0).all())


def test_claims_on_exact_numbers_are_supported(finished):
    folder, summary = finished
    exact = [claim for claim in summary["claims"] if claim["seeds"] == 0]
    assert [claim["verdict"] for claim in exact] == ["confirmed"] * 4
    for values in hash_codes.load(SMOKE, folder).measures.values():
        assert (values["patterns"] <= values["regions"]).all()
        assert (values["functions"] <= values["codes"]).all()
        assert (values["pairs"][:, :-1] >= values["pairs"][:, 1:]).all()


def test_dead_paths_make_codes_share_a_map():
    # The second unit's output weight is 0: its bit changes no map.
    network = regions.ReluNetwork.from_arrays(
        [np.eye(2), [[1.0, 0.0], [0.0, 0.0]]], [[0.1, 0.2], [0.0, 0.0]]
    )
    found = study._region_numbers(network)
    assert found == {"regions": 4, "region_maps": 2, "shared": 4}
