"""Claims on the collapse, settled by one row a seed."""

from typing import Any

import numpy as np

from experiments.running.claims import Claim, claim_median, claim_share

POST, OURS = "Dullien 2025-04-05", "this project"
ABOVE_ONE = np.nextafter(1.0, 2.0)

Rows = list[dict[str, Any]]


def collapse_claims(rows: Rows, remedies: dict[str, Rows]) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        rows: One a seed of plain Adam, as `experiments.collapse.study` makes them.
        remedies: Rows of the same first seeds by optimizer.
    """
    found = [row for row in rows if row["found"] is not None]
    fallen = [row for row in found if row["start"] is not None]
    claims = [
        claim_median(
            "The ring is there by epoch 1000.",
            POST,
            "first epoch at which the median loss of 100 is under a quarter of a "
            "constant's error (at most 1000)",
            np.array([row["found"] or row["epochs"] + 1 for row in rows]),
            high=1000,
            reason="the post's epoch",
        ),
        claim_share(
            "The loss has spikes.",
            POST,
            "share of seeds with an epoch over three times the running median of 50 "
            "(over a half)",
            np.array([row["spike_rate"] > 0 for row in rows]),
            low=0.5,
            reason="most runs",
        ),
        claim_median(
            "No sign of overfitting from 5000 pixels.",
            POST,
            "validation loss less training loss over the error of a constant, medians "
            "of the last 500 epochs (at most 0.1)",
            np.array([row["gap"] for row in rows]),
            high=0.1,
            reason="a tenth of what there is to learn, the bar of `overfitting`",
        ),
    ]
    if found:
        claims.append(
            claim_median(
                "After the ring is found the loss comes back up, not as a spike.",
                POST,
                "largest median loss of 100 epochs over the lowest one before (at "
                "least 2)",
                np.array([row["rise"] for row in found]),
                low=2.0,
                reason="a spike of under 50 epochs doubles no median of 100",
            )
        )
    claims += _claims_of_collapses(fallen) if fallen else []
    for name, treated in remedies.items():
        pairs = [
            (row["rise"], plain["rise"])
            for row, plain in zip(treated, rows, strict=False)
            if row["rise"] is not None and plain["rise"] is not None
        ]
        if pairs:
            claims.append(
                claim_median(
                    f"{name} makes the collapse smaller.",
                    "options of Dullien's program, 2026",
                    "largest rise over that of plain Adam with the same seed (under 1)",
                    np.array([after / before for after, before in pairs]),
                    high=np.nextafter(1.0, 0.0),
                    reason="no difference",
                )
            )
    return claims


def _claims_of_collapses(rows: Rows) -> list[Claim]:
    """What the seeds that collapsed say."""
    claims = [
        claim_share(
            "It happens between epochs 3000 and 4000.",
            POST,
            "share of the collapsed seeds in which it starts there (over a half)",
            np.array([3000 <= row["start"] <= 4000 for row in rows]),
            low=0.5,
            reason="most runs; the post shows one",
        ),
        claim_share(
            "The network recovers.",
            POST,
            "share of the collapsed seeds back under 1.5 times the level before, by "
            "the last epoch (over a half)",
            np.array([row["recovered"] is not None for row in rows]),
            low=0.5,
            reason="most runs",
        ),
        claim_share(
            "The largest step of the epoch in which it starts is in the deeper half.",
            OURS,
            "share of the collapsed seeds (over a half)",
            np.array([row["deepest_step"] > row["layers"] / 2 for row in rows]),
            low=0.5,
            reason="a layer drawn at random",
        ),
    ]
    return claims + _claims_of_partitions([row for row in rows if "regions" in row])


def _claims_of_partitions(rows: Rows) -> list[Claim]:
    """What the collapsed seeds say whose partition was looked at."""
    if not rows:
        return []
    claims = [
        claim_median(
            "Before it most boundaries have migrated to the ring.",
            POST,
            "share of the boundaries' length, from random lines, within 16 pixels of "
            "the ring (at least 0.5)",
            np.array([row["near_edges"][0] for row in rows]),
            low=0.5,
            reason="most",
        ),
        claim_median(
            "In it most activation regions vanish.",
            OURS,
            "exact regions after over before (at most 0.5)",
            np.array([row["regions"][1] / row["regions"][0] for row in rows]),
            high=0.5,
            reason="most",
        ),
        claim_share(
            "In it a layer dies: none of its units changes sign on the data.",
            OURS,
            "share of the collapsed seeds with such a layer within 100 epochs, and "
            "none before (over a half)",
            np.array(
                [row["varying"][0] > 0 and row["varying"][1] == 0 for row in rows]
            ),
            low=0.5,
            reason="most runs",
        ),
    ]
    moved = [row["contrast"] for row in rows if row["contrast"] is not None]
    if moved:
        claims.append(
            claim_median(
                "The network settles in a very different partition.",
                POST,
                "bits changed from before it to its recovery, over quiet windows as "
                "long in the same run (over 1)",
                np.array(moved),
                low=ABOVE_ONE,
                reason="as much as without a collapse",
            )
        )
    return claims


def collapse_headline(rows: Rows) -> str:
    """One line for the pages."""
    fallen = [row for row in rows if row["start"] is not None]
    rate = np.median([row["spike_rate"] for row in rows])
    text = (
        f"after they found the ring, the median loss of 100 epochs doubles at least in "
        f"{len(fallen)} of {len(rows)} networks; {rate:.0f} of 1000 epochs are spikes "
        "(median)"
    )
    if not fallen:
        return text
    starts = ", ".join(str(row["start"]) for row in fallen)
    rises = ", ".join(f"{row['rise']:.1f}" for row in fallen)
    heights = ", ".join(f"{row['height']:.2f}" for row in fallen)
    counts = "; ".join(
        "{:,} before and {:,} after".format(*row["regions"][:2])
        for row in fallen
        if "regions" in row
    )
    return (
        f"{text}; it rises {rises} times, to {heights} of a constant's error, from "
        f"epochs {starts} on; exact regions: {counts}"
    )
