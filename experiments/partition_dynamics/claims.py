"""Claims on how a partition moves, settled by the rows of `partition_dynamics`."""

from typing import Any

import numpy as np

from experiments.measures.partition_history import NEAR_EDGES, freeze_ratio
from experiments.measures.resettling import spike_contrasts
from experiments.running.claims import Claim, claim_exact, claim_median, claim_share
from experiments.running.sources import HASHING, SETTLING

ORIGAMI = "Dullien 2025-04-05"


def dynamics_claims(
    table: list[dict[str, Any]],
    ablations: dict[str, list[dict[str, float]]],
    variance: float,
) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        table: Rows of `partition_dynamics`, one a seed.
        ablations: Rows of the networks of which a part was trained.
        variance: Variance of the image: the error of the best constant.
    """
    column = {
        name: np.array([row[name] for row in table])
        for name in ("partition_share", "near_edges_before", "near_edges_after")
    }
    kept = np.array([row["jaccard"] for row in ablations["last_layer"]])
    claims = [
        claim_median(
            "Learning does two things at once: it moves the partition and it changes "
            "the maps.",
            HASHING,
            "share of the partition in the output's change, median window (0.1 to 0.9)",
            column["partition_share"],
            low=0.1,
            high=0.9,
        ),
        claim_exact(
            "Training the last layer alone leaves every activation region as it is.",
            "follows from the definition",
            "seeds whose Jaccard index of exact patterns is not 1",
            int((kept != 1.0).sum()),
            holds=bool((kept == 1.0).all()),
        ),
        *_part_claims(ablations, variance),
        *_freeze_claims(table),
        claim_median(
            "Most of the boundaries migrate to the ring.",
            ORIGAMI,
            "share of the boundaries' length within 16 pixels of its edges, which are "
            f"{_band_share():.1%} of the area (over 0.5)",
            column["near_edges_after"],
            low=0.5,
        ),
        claim_median(
            "Boundaries migrate toward the ring.",
            ORIGAMI,
            "that share after training over the share before (over 1.5)",
            column["near_edges_after"] / column["near_edges_before"],
            low=1.5,
        ),
    ]
    return claims + _spike_claims(table)


def _part_claims(
    ablations: dict[str, list[dict[str, float]]], variance: float
) -> list[Claim]:
    """What training a part of the parameters reaches."""
    return [
        claim_median(
            f"{name} learns next to nothing of the ring.",
            "this project",
            "error on the image over that of the best constant (at least 0.9)",
            np.array([row["mse"] for row in ablations[part]]) / variance,
            low=0.9,
        )
        for part, name in (
            ("last_layer", "Changing maps in a fixed partition (last layer alone)"),
            ("first_biases", "Shifting creases (biases of the first layer alone)"),
        )
    ]


def _freeze_claims(table: list[dict[str, Any]]) -> list[Claim]:
    """Whether patterns settle before weights."""
    return [
        claim_median(
            f"Patterns {where} settle at least three times earlier than weights.",
            SETTLING,
            "epoch at which the weights' rate of change is a tenth of its peak over "
            "that of the bits' (at least 3)",
            np.array([freeze_ratio(row, kind) for row in table]),
            low=3.0,
        )
        for kind, where in (("data", "on the data"), ("grid", "on a grid"))
    ]


def _spike_claims(table: list[dict[str, Any]]) -> list[Claim]:
    """What spikes do, over the seeds that have some."""
    contrasts = np.array(spike_contrasts(table))
    spikes = [bool(row["spikes"]) for row in table]
    claims = [
        claim_share(
            "Training has spikes: a loss over three times its running median.",
            ORIGAMI,
            "share of seeds with a spike (at least 0.5)",
            np.array(spikes),
            low=0.5,
        )
    ]
    if len(contrasts):
        claims.append(
            claim_median(
                "After a spike the partition settles in a very different place.",
                ORIGAMI,
                "bits changed across a spike over those in quiet windows as long, "
                "seeds with spikes (at least 2)",
                contrasts,
                low=2.0,
            )
        )
    return claims


def _band_share() -> float:
    """Share of the unit square's area that lies near the ring's edges."""
    inner, outer = NEAR_EDGES
    return float(np.pi * (outer**2 - inner**2))


def dynamics_headline(table: list[dict[str, Any]]) -> str:
    """One line for the pages."""

    def median(name: str) -> float:
        return float(np.median([row[name] for row in table]))

    ratio = float(np.median([freeze_ratio(row, "data") for row in table]))
    return (
        f"exact regions {median('regions_before'):,.0f} to "
        f"{median('regions_after'):,.0f}; boundary near the ring's edges "
        f"{median('near_edges_before'):.0%} to {median('near_edges_after'):.0%}; the "
        f"partition makes {median('partition_share'):.0%} of the output's change; "
        f"weights freeze at least {ratio:.1f} times as late as patterns on the data; "
        f"two snapshots at the end share {median('last_jaccard'):.0%} of their patterns"
    )
