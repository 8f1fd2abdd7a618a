"""What hash tables of affine maps and audits of their hashes say."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from experiments.hash_codes.hash_audit import expected_pairs
from experiments.running.claims import Claim, claim_exact, claim_median, claim_share
from experiments.running.sources import HASHING


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One kind of network.

    Attributes:
        name: Name of its files, and its label in the figure.
        widths: Units per hidden layer.
        leaky: Leaky ReLU (0.01) in place of ReLU.
        epochs: Epochs of training, in full batches; 0 leaves it as it was initialized.
    """

    name: str
    widths: tuple[int, ...]
    leaky: bool = False
    epochs: int = 1500


def hash_claims(
    settings: Sequence[Setting],
    measures: Mapping[str, Mapping[str, np.ndarray]],
    resolution: int,
    lengths: Sequence[int],
) -> list[Claim]:
    """The verdicts.

    Args:
        settings: The networks.
        measures: As `hash_codes.Result` has them.
        resolution: Points along an axis of the audited grid.
        lengths: Bits of the shorter hashes.
    """
    error, rough = (
        max(float(m[name].max()) for m in measures.values())
        for name in ("map_error", "float32_error")
    )
    patterns = sum(int(m["patterns"].sum()) for m in measures.values())
    grids = sum(len(m["patterns"]) for m in measures.values())
    pairs = sum(
        int(m["pairs"][:, -1].sum() + m["repeated"].sum()) for m in measures.values()
    )
    leaky = [s.name for s in settings if s.leaky]
    shared = sum(int(measures[name]["shared"].sum()) for name in leaky)
    total = sum(int(measures[name]["regions"].sum()) for name in leaky)
    claims = [
        claim_exact(
            "A code is looked up for its function: one affine map serves all points of "
            "a code",
            HASHING,
            "largest difference between A x + c and the network, over its largest "
            "output, in float64 (at most 1e-12)",
            error,
            holds=error <= 1e-12,
        ),
        claim_exact(
            "It serves the float32 network that was trained, too",
            "this project",
            "largest difference from the outputs in float32, over the largest (at most "
            "1e-5)",
            rough,
            holds=rough <= 1e-5,
        ),
        claim_exact(
            "Different codes have different 64-bit hashes",
            "this project",
            f"pairs of {patterns:,} patterns on {grids} grids of {resolution}^2 "
            "points that share one, or labels that repeat a pattern (0)",
            pairs,
            holds=pairs == 0,
        ),
        claim_exact(
            "Leaky networks have a map of its own for every code",
            "this project",
            f"of {total:,} regions, those whose affine map is that of another, decided "
            "exactly (0)",
            shared,
            holds=shared == 0,
        ),
    ]
    claims += [
        claim_share(
            f"In ReLU networks some codes share one map: {setting.name}",
            "this project: dead paths to the output",
            "share of networks with two regions of one affine map (at least 0.5)",
            measures[setting.name]["shared"] > 0,
            low=0.5,
        )
        for setting in settings
        if not setting.leaky
    ]
    return [*claims, *_birthday(measures, lengths)]


def _birthday(
    measures: Mapping[str, Mapping[str, np.ndarray]], lengths: Sequence[int]
) -> list[Claim]:
    """Short hashes against random ones, of the setting with most patterns."""
    name = max(measures, key=lambda name: int(measures[name]["patterns"].sum()))
    values = measures[name]
    claims = []
    for k, length in enumerate(lengths[:2]):
        expected = [expected_pairs(int(n), length) for n in values["patterns"]]
        claims.append(
            claim_median(
                f"Cut to {length} bits, hashes collide as random numbers do: {name}",
                "derived: the birthday problem",
                "pairs that share one over C(n, 2) / 2^bits (0.9 to 1.1)",
                values["pairs"][:, k] / np.array(expected),
                low=0.9,
                high=1.1,
            )
        )
    return claims
