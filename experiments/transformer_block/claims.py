"""What the claims on a transformer's feed-forward regions come to."""

import numpy as np

from experiments.measures.rank_correlation import rank_correlation
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.sources import HASHING

COSENTINO = "Cosentino & Shekkizhar 2024 (of language models)"
POST = f"{HASHING}, an outlook"
OURS = "this project"
Named = dict[str, np.ndarray]


def transformer_block_claims(
    named: Named, heads: tuple[int, ...], sequences: int
) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        named: Measures by name, `(heads, times, seeds)`.
        heads: Numbers of heads of the attention.
        sequences: Last tokens that are hashed.
    """
    patterns, dimension = named["patterns"], named["neighbor_dimension"]
    axes = named["axis_dimension"]
    wrong = named["plane_regions"] != named["plane_formula"]
    few, many = heads[0], heads[-1]
    flat = (-1, patterns.shape[-1])
    return [
        claim_exact(
            "On the plane the enumerator finds as many regions as Euler's formula",
            "derived: lines in general position",
            f"planes of {wrong.size} on which the counts differ (0)",
            float(wrong.sum()),
            holds=not wrong.any(),
        ),
        claim_median(
            "The block generalizes",
            OURS,
            "share of the held-out sequences that are right, least over heads (at "
            "least 0.95)",
            named["held_out"][:, 1].min(axis=0),
            low=0.95,
            reason="nearly all",
        ),
        claim_median(
            "The feed-forward layer hashes tokens: many share a pattern",
            POST,
            "patterns over sequences after training, mean over heads (at most 0.5)",
            patterns[:, 1].mean(axis=0) / sequences,
            high=0.5,
            reason="two tokens a pattern",
        ),
        claim_median(
            "Held-out tokens meet patterns of learned ones",
            POST,
            "share of them, mean over heads (at least 0.9)",
            named["met"][:, 1].mean(axis=0),
            low=0.9,
            reason="nearly all",
        ),
        claim_median(
            "A pattern alone tells the answer",
            f"{OURS}; the strictest reading of a hash",
            "share of the held-out tokens that meet a known pattern for which the "
            "commonest answer there is right, mean over heads (at least 0.9)",
            named["told"][:, 1].mean(axis=0),
            low=0.9,
            reason="nearly all",
        ),
        claim_median(
            "Training gathers tokens in fewer patterns",
            OURS,
            "patterns after over before, mean over heads (under 1)",
            (patterns[:, 1] / patterns[:, 0]).mean(axis=0),
            high=1.0,
            reason="no change",
        ),
        claim_median(
            f"With more heads the attention's output has a higher dimension ({many} "
            f"against {few})",
            COSENTINO,
            "dimension from two neighbors after training, difference (above 0)",
            dimension[-1, 1] - dimension[0, 1],
            low=0.0,
            reason="no difference",
        ),
        claim_median(
            "... by principal axes, too",
            COSENTINO,
            "participation ratio of the variances after training, difference (above 0)",
            axes[-1, 1] - axes[0, 1],
            low=0.0,
            reason="no difference",
        ),
        claim_median(
            f"With more heads tokens meet more regions ({many} against {few})",
            COSENTINO,
            "patterns after training, difference (above 0)",
            (patterns[-1, 1] - patterns[0, 1]).astype(np.float64),
            low=0.0,
            reason="no difference",
        ),
        claim_median(
            "A higher dimension goes with more regions",
            COSENTINO,
            "rank correlation of dimension and patterns over heads, before and after, "
            "seed by seed (at least 0.5)",
            rank_correlation(dimension.reshape(flat), patterns.reshape(flat)),
            low=0.5,
            reason="midway from none to a perfect order",
        ),
    ]


def transformer_block_headline(
    named: Named, heads: tuple[int, ...], sequences: int
) -> str:
    """One line for the pages."""
    words = [
        f"{n} head{'s' if n > 1 else ''}: {np.median(named['patterns'][i, 1]):.0f} "
        f"patterns of {sequences:,} tokens (before: "
        f"{np.median(named['patterns'][i, 0]):.0f}), dimension "
        f"{np.median(named['neighbor_dimension'][i, 1]):.1f}"
        for i, n in enumerate(heads)
    ]
    after = {
        name: np.median(named[name][:, 1].mean(axis=0)) for name in ("met", "told")
    }
    return (
        "after training, medians: "
        + "; ".join(words)
        + f"; {after['met']:.0%} of the held-out tokens meet a known pattern, which "
        f"alone tells the answer for {after['told']:.0%} of them"
    )
