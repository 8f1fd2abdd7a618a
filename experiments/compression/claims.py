"""Claims on smaller networks, settled by the numbers of `compression`."""

from collections.abc import Mapping

import numpy as np

from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.sources import HASHING

Numbers = Mapping[str, Mapping[str, np.ndarray]]

FREE = 0.01
"""Largest difference that counts as none, as a share of the outputs' range on data."""


def free_bits(
    ways: list[str], found: Mapping[str, np.ndarray], own: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Most bits that one way of a kind saves at a difference of at most `FREE`.

    Of merging, over its tolerances; as a share of all bits, by seed.
    """
    rows = [k for k, way in enumerate(ways) if way.startswith("merge")]
    saved = 1.0 - found["bits"][rows]
    return np.where(found["error"][rows] <= FREE * own["range"], saved, 0.0).max(axis=0)


def compression_claims(
    ways: list[str], numbers: Numbers, before: Numbers
) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        ways: Names, in the order of the first axis of `numbers`.
        numbers: By shape and name, `(ways, seeds)`.
        before: By shape and name, `(seeds,)`, of the networks themselves.
    """
    exact, data = ways.index("exact"), ways.index("data")
    proved = np.concatenate([found["proved"][exact] for found in numbers.values()])
    rounded = max(float(found["data_error"][data].max()) for found in numbers.values())
    claims = [
        claim_exact(
            "Taking out units that keep their sign in a box leaves the network exactly "
            "equal there",
            "derived; checked on every region in rational arithmetic",
            f"networks of {len(proved)} with a region whose maps differ",
            int((proved != 1.0).sum()),
            holds=bool((proved == 1.0).all()),
        ),
        claim_exact(
            "Units whose bit is the same at all data change nothing on the data",
            "derived",
            "largest difference of an output on training points (at most 1e-9: "
            "rounding)",
            rounded,
            holds=rounded <= 1e-9,
        ),
    ]
    for shape, found in numbers.items():
        own = before[shape]
        claims += [
            claim_median(
                f"A trained network has units to spare: {shape}",
                HASHING,
                "share of the units that take no bit any more, error exactly 0 (at "
                "least 0.1)",
                1.0 - found["bits"][exact],
                low=0.1,
            ),
            claim_median(
                f"Units that change no bit of the data can go: {shape}",
                HASHING,
                "largest difference on the box over the outputs' range on the data "
                f"(at most {FREE:g})",
                found["error"][data] / own["range"],
                high=FREE,
            ),
            claim_median(
                f"Units with nearly equal creases can be merged: {shape}",
                HASHING,
                f"most units merged with a difference of at most {FREE:.0%} of the "
                "outputs' range on the data, as a share (at least 0.1)",
                free_bits(ways, found, own),
                low=0.1,
            ),
        ]
    return claims


CHEAP = 0.01
"""Accuracy whose loss counts as none: an image in a hundred."""


def cheaply_saved(
    ways: list[str], digits: Mapping[str, np.ndarray], kind: str
) -> np.ndarray:
    """Most units without a bit that one way of a kind saves at a loss of `CHEAP`."""
    rows = [k for k, way in enumerate(ways) if way.startswith(kind)]
    saved = np.where(digits["lost"][rows] <= CHEAP, digits["saved"][rows], 0.0)
    return saved.max(axis=0)


def digit_claims(ways: list[str], digits: Mapping[str, np.ndarray]) -> list[Claim]:
    """Claims on classifiers of digits.

    Args:
        ways: Names, in the order of the first axis.
        digits: By name, `(ways, seeds)`.
    """
    data = ways.index("data")
    share = f"at a loss of {CHEAP:.0%} of the images held out at most, as a share"
    return [
        claim_median(
            "A tenth of the units of a classifier of digits change no bit of its data",
            HASHING,
            "share of the units whose bit is the same at all training images (at "
            "least 0.1)",
            digits["saved"][data],
            low=0.1,
            reason="the claim's number",
        ),
        claim_median(
            "They can go at no cost on other images",
            HASHING,
            f"accuracy lost on images held out (at most {CHEAP:g})",
            digits["lost"][data],
            high=CHEAP,
            reason="an image in a hundred",
        ),
        claim_median(
            "A classifier of digits has units to spare: a third, the lightest, can go",
            HASHING,
            f"most units left out {share} (at least 0.3)",
            cheaply_saved(ways, digits, "lightest"),
            low=0.3,
            reason="a third, of shares in steps of a tenth",
        ),
        claim_median(
            "Its units with nearly equal creases can be merged",
            HASHING,
            f"most units merged {share} (at least 0.1)",
            cheaply_saved(ways, digits, "merge"),
            low=0.1,
            reason="as for the moons",
        ),
    ]


def digit_headline(ways: list[str], digits: Mapping[str, np.ndarray]) -> str:
    """What is added to the headline."""
    same = np.median(digits["saved"][ways.index("data")])
    light, merged = (
        np.median(cheaply_saved(ways, digits, kind)) for kind in ("lightest", "merge")
    )
    return (
        f"; digits: {same:.0%} change no bit of the data, {light:.0%} of the lightest "
        f"and {merged:.0%} by merging go at a loss of {CHEAP:.0%} of the images held "
        "out at most"
    )


def compression_headline(numbers: Numbers, before: Numbers) -> str:
    """One line for the pages."""
    parts = []
    for shape, found in numbers.items():
        saved = np.median(1.0 - found["bits"], axis=-1)
        error = np.median(found["error"][1] / before[shape]["range"])
        parts.append(
            f"{shape}: {saved[0]:.0%} with error exactly 0, {saved[1]:.0%} by the data "
            f"(difference up to {error:.0%} of the outputs' range)"
        )
    return "units without a bit: " + "; ".join(parts)
