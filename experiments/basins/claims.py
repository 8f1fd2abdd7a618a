"""What the claims on basins come to."""

from collections.abc import Sequence

import numpy as np

from experiments.running.claims import Claim, claim_median, claim_share

THREAD = "beren and Hoagy 2023 (comments on almost linear models)"
KROTOV = "Krotov & Hopfield 2016"
DERIVED = "derived"
STEP = 1.0 / 40.0
"""Between two shares that are tried."""

MOST = 0.8
"""Share of seeds that is asked for: 40 of them can show it, and can show less."""

WHY = "most seeds, so that it is no matter of luck"


def basin_headline(
    labels: Sequence[str],
    loads: Sequence[float],
    neurons: Sequence[int],
    radii: np.ndarray,
) -> str:
    """One line for the pages."""
    medians = np.median(radii[:, :, -1], axis=-1)
    parts = [
        f"{label} {', '.join(f'{value:.3g}' for value in row)}"
        for label, row in zip([*labels, "nearest pattern"], medians, strict=True)
    ]
    return (
        f"share of flipped bits that {neurons[-1]} neurons recover, with "
        f"{', '.join(f'{load:g}' for load in loads)} patterns for each: "
        + "; ".join(parts)
    )


def basin_claims(
    labels: Sequence[str],
    loads: Sequence[float],
    neurons: Sequence[int],
    radii: np.ndarray,
) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        labels: Of the energies, the square first, the exponential last.
        loads: Patterns for each neuron.
        neurons: Sizes.
        radii: `(energies and nearest pattern, loads, neurons, seeds)`, in shares.
    """
    square, exponential, nearest = radii[0], radii[len(labels) - 1], radii[-1]
    one = list(loads).index(1.0)
    claims = [
        claim_median(
            f"With few patterns the basins of {label} are a share of the neurons",
            f"{THREAD}: basins of the order of the number of neurons",
            f"exponent of N in the number of bits, {loads[0]:g} patterns for each of "
            f"{neurons[0]} to {neurons[-1]} neurons (0.8 to 1.2)",
            bit_exponents(neurons, radii[k, 0]),
            low=0.8,
            high=1.2,
            reason="the step of 1/40 moves it by about 0.1",
        )
        for k, label in enumerate(labels)
    ]
    return [
        *claims,
        claim_share(
            f"The basins of {labels[0]} are gone with a pattern for each neuron",
            f"{KROTOV}; capacity 0.138 N",
            f"share of seeds without a basin at {neurons[-1]} neurons (above {MOST:g})",
            square[one, -1] == 0.0,
            low=MOST,
            reason=WHY,
        ),
        claim_share(
            f"With as many patterns {labels[-1]} has basins at least as wide as "
            f"{labels[0]}",
            THREAD,
            f"share of seeds in which it has, at all loads and sizes (above {MOST:g})",
            (exponential >= square).all(axis=(0, 1)),
            low=MOST,
            reason=WHY,
        ),
        claim_median(
            f"The basins of {labels[-1]} shrink less than those of {labels[0]}",
            f"{THREAD}: their basins shrink less",
            f"share of bits lost from {loads[0]:g} to 1 pattern for each of "
            f"{neurons[-1]} neurons, {labels[0]} less {labels[-1]} (at least 0.1)",
            (square[0, -1] - square[one, -1])
            - (exponential[0, -1] - exponential[one, -1]),
            low=0.1,
            reason="four steps of what is tried",
        ),
        claim_median(
            f"With a pattern for each neuron the basins of {labels[-1]} do not shrink "
            "with N",
            THREAD,
            f"share of bits at {neurons[-1]} neurons less that at {neurons[0]} (at "
            "least 0)",
            exponential[one, -1] - exponential[one, 0],
            low=0.0,
            reason="0 is no change",
        ),
        claim_median(
            f"The basins of {labels[-1]} are as wide as any memory's",
            f"{DERIVED}: its largest term is the nearest pattern's",
            "share of bits over that of the nearest pattern, mean over loads and sizes "
            "(at least 0.9)",
            exponential.mean(axis=(0, 1)) / nearest.mean(axis=(0, 1)),
            low=0.9,
            reason="a step less of about ten",
        ),
        claim_median(
            "The nearest pattern is the right one up to 1/2 - sqrt(ln K / 2 N)",
            f"{DERIVED}, of large N",
            f"share of bits less the formula, {neurons[-1]} neurons, mean over loads "
            "(-0.05 to 0.05)",
            nearest[:, -1].mean(axis=0) - _formula(loads, neurons[-1]),
            low=-2.0 * STEP,
            high=2.0 * STEP,
            reason="two steps of what is tried",
        ),
    ]


def bit_exponents(neurons: Sequence[int], shares: np.ndarray) -> np.ndarray:
    """Slope of the logarithm of the bits against that of N; no basin is half a step."""
    bits = np.maximum(shares, STEP / 2.0) * np.array(neurons)[:, None]
    fit = np.polynomial.polynomial.polyfit(np.log(neurons), np.log(bits), 1)
    return np.asarray(fit[1])


def _formula(loads: Sequence[float], neurons: int) -> float:
    """Mean over the loads of `1/2 - sqrt(ln K / 2 N)`."""
    count = np.maximum(2.0, np.round(np.array(loads) * neurons))
    return float((0.5 - np.sqrt(np.log(count) / (2.0 * neurons))).mean())
