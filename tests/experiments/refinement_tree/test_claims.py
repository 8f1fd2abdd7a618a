"""Claims on nested partitions: what breaks each of them is seen."""

import numpy as np
import pytest

from experiments.refinement_tree.claims import Setting, refinement_claims

SETTING = Setting(name="2x3", widths=(2, 2, 2))


def _measures(**changes: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    seeds = 12
    values = {
        "counts": np.tile([4, 10, 18], (seeds, 1)),
        "pieces": np.tile(np.array([[1, 1], [3, 2], [5, 4]]), (seeds, 1, 1)),
        "orphans": np.zeros((seeds, 3), int),
        "childless": np.zeros((seeds, 3), int),
        "area_gaps": np.full((seeds, 3), 1e-15),
    }
    return {SETTING.name: values | changes}


def _verdicts(measures: dict[str, dict[str, np.ndarray]]) -> list[str]:
    return [claim.verdict for claim in refinement_claims([SETTING], measures)]


def test_sound_partitions_support_every_claim():
    # Nested, filled, growing, bounded, straight; bent, slower; 18 / 4 / 9 is half.
    assert _verdicts(_measures()) == ["confirmed"] * 8


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        (0, {"orphans": np.eye(12, 3, dtype=int)}),
        (0, {"childless": np.eye(12, 3, dtype=int)}),
        (1, {"area_gaps": np.full((12, 3), 1e-6)}),
        (3, {"counts": np.tile([5, 10, 18], (12, 1))}),
        (4, {"pieces": np.full((12, 3, 2), 3)}),
    ],
)
def test_one_violation_is_enough(place, changes):
    assert _verdicts(_measures(**changes))[place] == "refuted"


def test_partitions_without_areas_make_no_claim_on_them():
    some = np.full((12, 3), np.nan)
    assert len(_verdicts(_measures(area_gaps=some))) == 7
    some[0, 0] = 1e-15
    claim = refinement_claims([SETTING], _measures(area_gaps=some))[1]
    assert "of 1 partitions (35 without areas" in claim.statistic
    assert claim.verdict == "confirmed"


def test_fewer_regions_after_a_layer_are_seen():
    measures = _measures(counts=np.tile([4, 10, 9], (12, 1)))
    assert _verdicts(measures)[2] == "refuted"
