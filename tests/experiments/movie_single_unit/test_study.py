"""Single units: the sheet, its crease and its three facts."""

import math

import numpy as np
import pytest

from experiments.movie_single_unit.unit import ACTS, RANGE, Unit, sheet_of
from tests.experiments.helpers import run_smoke


def test_run_compares_every_sheet(tmp_path_factory):
    folder, summary = run_smoke("movie_single_unit", tmp_path_factory)
    assert [claim["verdict"] for claim in summary["claims"]] == ["confirmed"] * 3
    assert len((folder / "frames.csv").read_text().splitlines()) == 1 + 2 * len(ACTS)
    assert (folder / "movie.mp4").stat().st_size > 1000
    assert len(list((folder / "frames").iterdir())) == 2


def test_facts_of_a_unit_by_hand():
    # Its crease goes through a corner of the square.
    unit = Unit(3.0, 4.0, -1.0)
    assert unit.slope == 5.0
    assert unit.direction == pytest.approx(math.degrees(math.atan(4 / 3)))
    assert unit.offset == 0.2
    sheet = sheet_of(unit)
    assert sheet.crease is not None
    np.testing.assert_allclose(sheet.crease[:, :2] @ [3.0, 4.0], 1.0, atol=1e-12)
    assert np.nanmax(sheet.errors) < 1e-12
    for polygon, is_rising in zip(sheet.polygons, sheet.is_rising, strict=True):
        heights = np.maximum(polygon[:, :2] @ [3.0, 4.0] - 1.0, 0.0)
        np.testing.assert_allclose(polygon[:, 2], heights, atol=1e-12)
        assert (heights.max() > 0.5) == is_rising


def test_unit_whose_crease_misses_the_square_has_one_area():
    off, on = sheet_of(Unit(1.0, 0.0, -2.0)), sheet_of(Unit(1.0, 0.0, 2.0))
    assert off.crease is None
    assert on.crease is None
    assert (off.is_rising.tolist(), on.is_rising.tolist()) == ([False], [True])
    assert np.isnan(off.errors).all()
    assert on.errors[1] == 0.0


def test_each_movie_ends_where_it_began_and_varies_one_thing():
    for act in ACTS:
        first, last = act.unit_at(0.0), act.unit_at(1.0)
        assert (first.a, first.b, first.c) == pytest.approx((last.a, last.b, last.c))
    turning = [ACTS[0].unit_at(share) for share in (0.0, 0.25, 0.6)]
    assert {round(unit.slope, 12) for unit in turning} == {1.5}
    assert len({round(unit.direction) for unit in turning}) == 3
    varied = [ACTS[3].unit_at(share).c for share in (0.0, 0.25, 0.5)]
    assert varied == pytest.approx([RANGE, 0.0, -RANGE], abs=1e-12)
