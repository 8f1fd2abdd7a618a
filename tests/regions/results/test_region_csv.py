"""Region sets as CSV: what another program reads."""

import csv
from fractions import Fraction

import pytest

from regions.enumeration import enumerate_regions
from regions.results.region_csv import write_regions_csv
from tests.zoo import ZOO


@pytest.mark.parametrize("name", sorted(ZOO))
def test_every_row_is_a_region_and_a_point_inside(name, tmp_path):
    network, domain = ZOO[name]
    found = enumerate_regions(network, domain, max_regions=200)
    write_regions_csv(tmp_path / "regions.csv", found)
    with (tmp_path / "regions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found)
    assert len({row["code"] for row in rows}) == len(found)
    for k, row in enumerate(rows):
        bits = "".join("1" if bit else "0" for bit in found.pattern_bits()[k])
        assert row["code"].replace(" ", "").replace("-", "") == bits
        point = [float(row[f"x{i + 1}"]) for i in range(network.input_dim)]
        assert point == found.witnesses[k].tolist()
        exact = tuple(Fraction(v) for v in row["exact_witness"].split())
        assert exact == tuple(found.exact_witnesses.get(k, ()))
    assert [p.name for p in tmp_path.iterdir()] == ["regions.csv"]
