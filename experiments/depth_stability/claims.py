"""Claims on depth and stability, settled by the rows of `depth_stability`."""

from typing import Any

import numpy as np
import scipy.stats
from jaxtyping import Float64

from experiments.measures.resettling import spike_contrasts
from experiments.running.claims import Claim, claim_median, claim_share

SOURCE = "Dullien 2025-04-05"
OPTIONS = "options of Dullien's program, 2026"
WORDS = {
    "clip": "Clipping gradients to norm 1",
    "eps": "An epsilon of 1e-6",
    "amsgrad": "AMSGrad",
    "slow": "A learning rate of 3e-4",
}

Rows = list[dict[str, Any]]


def depth_correlations(
    plain: dict[int, Rows], name: str
) -> Float64[np.ndarray, " seeds"]:
    """Rank correlation of a number with the depth, for each seed.

    0 for a seed with the same number at every depth; None counts as infinite.
    """
    table = np.array(
        [
            [np.inf if row[name] is None else row[name] for row in rows]
            for rows in plain.values()
        ]
    )
    found = []
    for values in table.T:
        if (values == values[0]).all():
            found.append(0.0)
            continue
        ranks = [scipy.stats.rankdata(part) for part in (list(plain), values)]
        found.append(np.corrcoef(*ranks)[0, 1])
    return np.array(found)


def depth_claims(
    plain: dict[int, Rows],
    untreated: Rows,
    remedies: dict[str, Rows],
    smaller: str = "",
) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        plain: Rows of plain Adam by depth, ascending.
        untreated: Those at the depth of the remedies.
        remedies: Rows of the same seeds by remedy.
        smaller: Where the runs are smaller than those of the post.
    """
    deepest = plain[max(plain)]
    claims = [
        claim_median(
            f"The deeper the network, the less stable its training: {words}.",
            SOURCE,
            f"rank correlation of {label} with the depth (at least 0.5)",
            depth_correlations(plain, name),
            low=0.5,
            reason="midway from no order to a perfect one",
            smaller=smaller,
        )
        for name, words, label in (
            ("spike_rate", "more epochs are spikes", "the spike rate"),
            ("max_ratio", "the worst spike is higher", "the largest loss ratio"),
        )
    ]
    claims.append(
        claim_share(
            f"Networks of depth {max(plain)} have spikes.",
            SOURCE,
            "share of seeds with an epoch over three times the running median (at "
            "least 0.5)",
            np.array([row["spike_rate"] > 0.0 for row in deepest]),
            low=0.5,
            reason="most runs",
            smaller=smaller,
        )
    )
    claims += _partition_claims(plain, smaller)
    for name, rows in remedies.items():
        claims.append(_remedy_claim(name, rows, untreated))
    return claims


def _remedy_claim(name: str, rows: Rows, untreated: Rows) -> Claim:
    """Whether a remedy lowers the worst epochs, over the seeds that never diverged.

    Spikes proper can be too rare to be made rarer; every run has a worst epoch.
    """
    ratios = [
        after["max_ratio"] / before["max_ratio"]
        for after, before in zip(rows, untreated, strict=True)
        if after["max_ratio"] is not None and before["max_ratio"] is not None
    ]
    return claim_median(
        f"{WORDS[name]} makes training more stable.",
        OPTIONS if name != "slow" else "this project",
        "largest loss over its running median, over that of plain Adam with the same "
        "seed (under 1)",
        np.array(ratios),
        high=np.nextafter(1.0, 0.0),
        reason="1 is no change",
    )


def _partition_claims(plain: dict[int, Rows], smaller: str) -> list[Claim]:
    """What spikes leave, over all deep seeds with some that can be judged."""
    rows = [row for table in plain.values() for row in table if row["spikes"]]
    contrasts = np.array(spike_contrasts(rows))
    claims = []
    if len(contrasts):
        claims.append(
            claim_median(
                "After a spike the partition of a deep network settles in a very "
                "different place.",
                SOURCE,
                "bits changed across a spike over those in quiet windows as long, "
                "networks with both (at least 2)",
                contrasts,
                low=2.0,
                reason="very different: twice",
                smaller=smaller,
            )
        )
    if rows:
        recovered = [
            np.mean([spike["recovered"] for spike in row["spikes"]]) for row in rows
        ]
        claims.append(
            claim_median(
                "The loss recovers from spikes.",
                SOURCE,
                "share of a network's spikes after which the loss is under twice its "
                "running median before (at least 0.9)",
                np.array(recovered),
                low=0.9,
                reason="nearly all",
                smaller=smaller,
            )
        )
    return claims


def depth_headline(plain: dict[int, Rows]) -> str:
    """One line for the pages."""
    parts = []
    for depth in (min(plain), max(plain)):
        rate = np.median([row["spike_rate"] for row in plain[depth]])
        parts.append(f"{rate:.0f} of 1000 epochs are spikes at depth {depth}")
    ratios = [row["max_ratio"] for row in plain[max(plain)]]
    worst = np.median([np.inf if ratio is None else ratio for ratio in ratios])
    dead = sum(row["state"] != "learned" for row in plain[max(plain)])
    return (
        f"median spike rates: {', '.join(parts)}; the worst spike there is {worst:.1f} "
        f"times the running median; {dead} of {len(ratios)} such networks are constant "
        "or diverged"
    )
