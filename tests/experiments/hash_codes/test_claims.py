"""Claims on hash tables: collisions, wrong maps and shared maps are seen."""

import numpy as np
import pytest

from experiments.hash_codes.claims import Setting, hash_claims
from experiments.hash_codes.hash_audit import expected_pairs

SETTINGS = (
    Setting(name="relu", widths=(4, 4)),
    Setting(name="leaky", widths=(4,), leaky=True),
)


def _measures(seeds: int = 12) -> dict[str, dict[str, np.ndarray]]:
    def table(patterns: int, shared: int) -> dict[str, np.ndarray]:
        pairs = [expected_pairs(patterns, length) for length in (2, 3)]
        return {
            "map_error": np.full(seeds, 1e-15),
            "float32_error": np.full(seeds, 1e-7),
            "patterns": np.full(seeds, patterns),
            "regions": np.full(seeds, patterns),
            "repeated": np.zeros(seeds, int),
            "shared": np.full(seeds, shared),
            "pairs": np.tile(np.round([*pairs, 0.0]).astype(int), (seeds, 1)),
        }

    return {"relu": table(33, 4), "leaky": table(65, 0)}


def _verdicts(measures: dict[str, dict[str, np.ndarray]]) -> list[str]:
    claims = hash_claims(SETTINGS, measures, 64, (2, 3))
    return [claim.verdict for claim in claims]


def test_sound_tables_support_every_claim():
    # Maps, float32, collisions, leaky, shared in ReLU, two short hashes.
    assert _verdicts(_measures()) == ["confirmed"] * 7


@pytest.mark.parametrize(
    ("place", "network", "name", "value"),
    [
        (0, "relu", "map_error", 1e-9),
        (1, "leaky", "float32_error", 1e-3),
        (2, "relu", "repeated", 1),
        (3, "leaky", "shared", 2),
        (4, "relu", "shared", 0),
    ],
)
def test_one_fault_is_seen_where_it_belongs(place, network, name, value):
    measures = _measures()
    measures[network][name] = np.full(12, value)
    found = _verdicts(measures)
    assert found[place] == "refuted"
    assert found.count("confirmed") == 6


def test_full_hashes_that_collide_and_short_ones_that_do_not_are_seen():
    measures = _measures()
    measures["leaky"]["pairs"][:, -1] = 1
    assert _verdicts(measures)[2] == "refuted"
    measures["leaky"]["pairs"][:, 0] = 0
    assert _verdicts(measures)[5] == "refuted"
