"""Use of 32 codes: a run against formulas and its own table."""

import csv

import numpy as np
import pytest

from experiments import region_utilization
from experiments.measures.region_use import RegionUse
from experiments.region_utilization.claims import Setting, utilization_claims
from tests.experiments.helpers import run_smoke

SMOKE = region_utilization.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(region_utilization.NAME, tmp_path_factory)


def test_five_units_have_the_formulas_counts(finished):
    folder, summary = finished
    whole = region_utilization.load(SMOKE, folder).whole
    assert whole[:, 0].T.tolist() == [[6, 16, 26, 31, 32]] * 2
    assert whole[:, 1].T.tolist() == [[2, 10, 22, 30, 32]] * 2
    by_claim = {claim["claim"]: claim for claim in summary["claims"]}
    only = by_claim["Of five units all 32 codes can occur from five inputs on only"]
    assert (only["value"], only["verdict"]) == (5.0, "confirmed")


def test_table_has_a_row_for_every_network_and_keeps_the_order(finished):
    folder, _ = finished
    with (folder / "utilization.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * (len(SMOKE.five) + 2)
    for row in rows:
        numbers = [int(row[k]) for k in ("occupied", "exact", "bound")]
        assert numbers == sorted(numbers)
        assert int(row["grid"]) <= int(row["exact"])
        assert 0.0 <= float(row["entropy"]) <= np.log2(int(row["occupied"])) + 1e-12
    free = [row for row in rows if row["setting"].endswith("no bias")]
    assert [(row["exact"], row["bound"]) for row in free] == [("10", "10")] * 2


def test_claims_see_training_and_seven():
    def table(occupied: int) -> dict[str, np.ndarray]:
        row = RegionUse(5, 16, 14, 13, occupied, 2.0, 0.5)
        pairs = zip(RegionUse._fields, row, strict=True)
        return {name: np.full(12, value) for name, value in pairs}

    random = Setting(dim=2, data="clusters", use_bias=True, trained=False)
    trained = Setting(dim=2, data="clusters", use_bias=True, trained=True)
    whole = np.array([[[6], [2]], [[16], [10]], [[26], [22]], [[31], [30]], [[32]] * 2])
    claims = utilization_claims(
        (random, trained),
        {random.name: table(10), trained.name: table(7)},
        {(2, 4, 1): table(7), (2, 8, 1): table(7)},
        np.full((1, 2, 12), 10),
        whole,
        {2: np.full(12, 7), 3: np.full(12, 9)},
    )
    verdicts = {claim.claim: claim.verdict for claim in claims}
    seven = "Seven clusters of data occupy about seven of 32 codes, d = {}"
    assert verdicts[seven.format(2)] == "confirmed"
    assert verdicts[seven.format(3)] == "refuted"
    trained = "Networks trained on seven clusters occupy about seven of 32 codes"
    assert verdicts[trained] == "confirmed"
    assert verdicts["Training gathers the data in fewer codes"] == "confirmed"
