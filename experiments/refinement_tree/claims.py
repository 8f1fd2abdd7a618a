"""What nested partitions say of refinement, bounds and bent creases."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.sources import HASHING
from regions.bounds import (
    montufar_2017_upper_bound,
    serra_2018_upper_bound,
    zaslavsky_count,
)

AREA_TOLERANCE = 1e-9
"""Rounding allowed in areas in float64, as a share of the box."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One kind of network.

    Attributes:
        name: Name of its files, and its label in the figure.
        widths: Units per hidden layer, all equal.
        dim: Inputs.
        leaky: Leaky ReLU (0.01) in place of ReLU.
        epochs: Epochs of training; 0 leaves the network as it was initialized.
    """

    name: str
    widths: tuple[int, ...]
    dim: int = 2
    leaky: bool = False
    epochs: int = 0

    def __post_init__(self):
        if len(set(self.widths)) != 1 or (self.epochs and self.dim != 2):
            raise ValueError(
                f"{self.name}: layers of one width, and two inputs to train on an "
                "image, are required."
            )

    def upper_bounds(self) -> list[int]:
        """Bounds of the number of regions of the first layer, the first two, and so on.

        Zaslavsky's count for one layer; then Serra et al. 2018, or Montufar 2017 for
        leaky ReLUs, for which the other does not hold.
        """
        formula = montufar_2017_upper_bound if self.leaky else serra_2018_upper_bound
        first = zaslavsky_count(self.widths[0], self.dim)
        later = [
            formula(self.dim, self.widths[:layers])
            for layers in range(2, len(self.widths) + 1)
        ]
        return [first, *later]


def refinement_claims(
    settings: Sequence[Setting], measures: dict[str, dict[str, np.ndarray]]
) -> list[Claim]:
    """The verdicts.

    Args:
        settings: The networks.
        measures: As `refinement_tree.Result` has them.
    """
    claims = [*_violations(measures), _bounds(settings, measures)]
    first = sum(int((m["pieces"][:, 0] > 1).sum()) for m in measures.values())
    claims.append(
        claim_exact(
            "A crease of the first layer is straight",
            "derived: a convex box is its only parent",
            "units of first layers whose crease is in more than one piece (0)",
            first,
            holds=first == 0,
        )
    )
    for setting in settings:
        values = measures[setting.name]
        claims.append(_bent(setting, values))
        if setting.dim == 2 and len(setting.widths) > 2:
            claims.append(_slower(setting, values))
        if setting.dim == 2 and not setting.epochs:
            claims.append(_quadratic(setting, values))
    return claims


def _violations(measures: dict[str, dict[str, np.ndarray]]) -> list[Claim]:
    """Each region in exactly one of the layer before."""
    total = sum(int(m["counts"].sum()) for m in measures.values())
    wrong = sum(
        int(m["orphans"].sum() + m["childless"].sum()) for m in measures.values()
    )
    fewer = sum(int((np.diff(m["counts"]) < 0).sum()) for m in measures.values())
    return [
        claim_exact(
            "Each layer refines the partition of the layers before: every region lies "
            "in exactly one region of them, and every one of them holds some",
            HASHING,
            f"of {total:,} regions, those whose prefix is no pattern of the layer "
            "before, and regions without a child (0)",
            wrong,
            holds=wrong == 0,
        ),
        *_areas(np.concatenate([m["area_gaps"].ravel() for m in measures.values()])),
        claim_exact(
            "A layer never lowers the count",
            HASHING,
            "layers after which there are fewer regions (0)",
            fewer,
            holds=fewer == 0,
        ),
    ]


def _areas(gaps: Float64[np.ndarray, " partitions"]) -> list[Claim]:
    """The children's areas; no claim if no engine gave areas."""
    known = gaps[np.isfinite(gaps)]
    if len(known) == 0:
        return []
    return [
        claim_exact(
            "The parts of a region fill it",
            "derived",
            f"largest gap between the area of a region and that of its parts, as a "
            f"share of the box, of {len(known)} partitions ({len(gaps) - len(known)} "
            "without areas; at most 1e-9)",
            float(known.max()),
            holds=float(known.max()) <= AREA_TOLERANCE,
        )
    ]


def _bounds(
    settings: Sequence[Setting], measures: dict[str, dict[str, np.ndarray]]
) -> Claim:
    """No count above a bound."""
    beyond, total = 0, 0
    for setting in settings:
        counts = measures[setting.name]["counts"]
        beyond += int((counts > np.array(setting.upper_bounds(), float)).sum())
        total += counts.size
    return claim_exact(
        "After every layer the count is within the bounds of Zaslavsky (one layer), "
        "Serra et al. (ReLU) and Montufar (leaky ReLU)",
        "Zaslavsky 1975; Serra et al. 2018 (1711.02114); Montufar 2017",
        f"of {total} exact counts, those beyond (0)",
        beyond,
        holds=beyond == 0,
    )


def _bent(setting: Setting, values: dict[str, np.ndarray]) -> Claim:
    """Creases of the last layer in pieces."""
    return claim_median(
        f"A crease of the last layer bends in several regions: {setting.name}",
        HASHING,
        "regions of the layers before that it passes through, mean over the units of "
        "a network (above 2)",
        values["pieces"][:, -1].mean(axis=1),
        low=2.0,
    )


def _slower(setting: Setting, values: dict[str, np.ndarray]) -> Claim:
    """Factors fall with depth."""
    counts = values["counts"].astype(float)
    factors = counts[:, 1:] / counts[:, :-1]
    return claim_median(
        f"The second layer multiplies the regions by more than the last: "
        f"{setting.name}",
        "this project, after Hanin & Rolnick 2019 (1906.00904)",
        "factor of the second layer over that of the last (above 1)",
        factors[:, 0] / factors[:, -1],
        low=1.0,
    )


def _quadratic(setting: Setting, values: dict[str, np.ndarray]) -> Claim:
    """Growth at initialization against that of N^2."""
    counts, depth = values["counts"].astype(float), len(setting.widths)
    return claim_median(
        f"In the unit square, too, regions grow from the first layer to the last as "
        f"the square of the number of units at initialization: {setting.name}",
        "this project; Hanin & Rolnick 2019 (1906.00904) is on the whole plane",
        "growth over the square of the number of layers (0.5 to 2)",
        counts[:, -1] / counts[:, 0] / depth**2,
        low=0.5,
        high=2.0,
    )
