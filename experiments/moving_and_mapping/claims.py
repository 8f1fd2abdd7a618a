"""Claims on moved partitions and changed maps, by the rows of `moving_and_mapping`."""

from typing import Any

import numpy as np

from experiments.measures.partition_history import freeze_ratio
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.sources import HASHING, SETTLING

Table = list[dict[str, Any]]

TURN_ERROR = 1e-5
"""Degrees by which rounding alone may turn a crease that is merely shifted."""


def moving_claims(tables: dict[str, Table], parts: tuple[str, ...]) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        tables: Rows by kind: optimizers that train all parameters, and parts.
        parts: Which kinds are parts.
    """
    whole = {name: table for name, table in tables.items() if name not in parts}
    claims = []
    for name, table in whole.items():
        claims += _whole_claims(name, table)
    return claims + _part_claims(tables, parts)


def _column(table: Table, name: str) -> np.ndarray:
    """One number of all seeds that have it."""
    return np.array([row[name] for row in table if row[name] is not None], float)


def _whole_claims(name: str, table: Table) -> list[Claim]:
    """Claims on training as a whole, by one optimizer."""
    return [
        *(
            claim_median(
                f"Learning moves the partition and changes the maps at once, {when} "
                f"({name})",
                HASHING,
                "share of the partition in the output's change on a grid (0.1 to 0.9)",
                _column(table, column),
                low=0.1,
                high=0.9,
                reason="at once: each makes a tenth at least",
            )
            for when, column in (
                ("over the whole training", "whole_share"),
                ("in a single epoch", "partition_share"),
            )
        ),
        claim_median(
            f"Hyperplanes turn ({name})",
            HASHING,
            "degrees from start to end, median crease of the first layer in the box "
            "(at least 5)",
            _column(table, "turned"),
            low=5.0,
            reason="a turn that an eye sees",
        ),
        claim_median(
            f"Hyperplanes shift ({name})",
            HASHING,
            "change of the distance from the origin, median crease in the box (at "
            "least 0.05; the moons are 3 wide)",
            _column(table, "shifted"),
            low=0.05,
            reason="a sixtieth of the moons, which an eye sees",
        ),
        *(
            claim_median(
                f"Patterns {where} settle at least three times earlier than weights "
                f"({name})",
                SETTLING,
                "epoch at which the weights' rate of change is a tenth of its peak "
                "over that of the bits' (at least 3)",
                np.array([freeze_ratio(row, kind) for row in table]),
                low=3.0,
                reason="three of the paper's 3.85, as remembered",
            )
            for kind, where in (("data", "on the data"), ("grid", "on a grid"))
        ),
    ]


def _part_claims(tables: dict[str, Table], parts: tuple[str, ...]) -> list[Claim]:
    """Claims on parts, all trained by Adam."""
    last, shifted = (tables[part] for part in parts)
    kept = sum(row["changed_points"] == 0.0 and row["jaccard"] == 1.0 for row in last)
    turned = max(row["largest_turn"] for row in shifted)
    losses = {name: _column(table, "loss") for name, table in tables.items()}
    return [
        claim_exact(
            "Training the last layer alone changes maps only: every region stays",
            "follows from the definition",
            f"seeds of {len(last)} in which a grid point changed its pattern or the "
            "exact patterns are others",
            len(last) - kept,
            holds=kept == len(last),
        ),
        claim_exact(
            "Training the first layer's biases alone turns no crease",
            "follows from the definition",
            f"largest turn in degrees (at most {TURN_ERROR:g}, rounding)",
            turned,
            holds=turned <= TURN_ERROR,
        ),
        *(
            claim_median(
                f"{name} alone learns worse than all parameters",
                "follows if learning needs both",
                "training loss at the end over that of all parameters (at least 1.5)",
                losses[part] / losses["adam"],
                low=1.5,
                reason="clearly: half as much again",
            )
            for part, name in zip(
                parts,
                ("Changing maps (last layer)", "Shifting creases (first biases)"),
                strict=True,
            )
        ),
    ]


def moving_headline(tables: dict[str, Table]) -> str:
    """One line for the pages."""
    table = tables["adam"]

    def median(name: str) -> float:
        values = _column(table, name)
        return float(np.median(values)) if len(values) else 0.0

    ratio = float(np.median([freeze_ratio(row, "data") for row in table]))
    return (
        f"by Adam the moved partition makes {median('whole_share'):.0%} of the "
        f"output's change over the whole training, {median('partition_share'):.1%} in "
        f"a median epoch; creases turn by {median('turned'):.0f} degrees and shift "
        f"by {median('shifted'):.2f}; weights settle {ratio:.1f} times as late as "
        "patterns on the data"
    )
