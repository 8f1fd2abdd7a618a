"""What the claims on dense associative memories come to."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from experiments.measures.dense_memories import Energy, one_step_capacity
from experiments.running.claims import Claim, claim_median

THREAD = "beren and Hoagy 2023 (comments on almost linear models)"
KROTOV = "Krotov & Hopfield 2016"
DERIVED = "derived: noise of the other patterns taken as normal"
DEMIRCIGIL = "Demircigil et al. 2017"
OURS = "this project"
CRITICAL = 0.138
"""Patterns per neuron of the Hopfield network, of the theory."""

Growths = Sequence[tuple[Energy, tuple[int, ...]]]
Arrays = dict[str, dict[str, np.ndarray]]


def dense_memory_claims(
    growths: Growths,
    degrees: Sequence[int],
    arrays: Arrays,
) -> list[Claim]:
    """Claims in the order of the page.

    Args:
        growths: Energies and sizes of the capacities.
        degrees: Powers of the energies of the classifiers of digits.
        arrays: Arrays of each stage of `experiments.dense_memory`, by name.
    """
    claims = []
    for g, (energy, neurons) in enumerate(growths):
        values = arrays["capacity"][str(g)]
        if energy.kind == "exp":
            claims += _exponential_claims(neurons, values[0])
        else:
            claims += _power_claims(energy, neurons, values)
    return [
        *claims,
        *_digit_claims(degrees, arrays["digits"]),
        *_completion_claims(arrays["completion"]),
    ]


def dense_memory_headline(growths: Growths, capacity: dict[str, np.ndarray]) -> str:
    """One line for the pages."""
    parts = []
    for g, (energy, neurons) in enumerate(growths):
        values = capacity[str(g)][0]
        if energy.kind == "exp":
            slope = np.median(log_slopes(neurons, values)[0])
            parts.append(f"{energy.label} e^({slope:.2f} N)")
        else:
            parts.append(
                f"{energy.label} N^{np.median(exponents(neurons, values)):.2f}"
            )
    return "patterns stored with under 1 % of wrong bits grow as " + ", ".join(parts)


def exponents(
    neurons: tuple[int, ...], values: Float64[np.ndarray, "sizes seeds"]
) -> Float64[np.ndarray, " seeds"]:
    """Slope of ln K against ln N of each seed."""
    fit = np.polynomial.polynomial.polyfit(np.log(neurons), np.log(values), 1)
    return np.asarray(fit[1])


def log_slopes(
    neurons: tuple[int, ...], values: Float64[np.ndarray, "sizes seeds"]
) -> tuple[Float64[np.ndarray, " seeds"], Float64[np.ndarray, " seeds"]]:
    """Slope of ln K against N of each seed, and the R^2 of the line."""
    logs = np.log(values)
    fit = np.polynomial.polynomial.polyfit(np.array(neurons, float), logs, 1)
    line = fit[0] + np.outer(neurons, fit[1])
    left = ((logs - line) ** 2).sum(axis=0)
    return np.asarray(fit[1]), 1.0 - left / ((logs - logs.mean(axis=0)) ** 2).sum(
        axis=0
    )


def _power_claims(
    energy: Energy, neurons: tuple[int, ...], values: np.ndarray
) -> list[Claim]:
    """The exponent n - 1 and, of powers, the constant of one update."""
    degree = energy.degree
    wanted = degree - 1
    claims = [
        claim_median(
            f"With {energy.label} the capacity grows as N^{wanted}",
            KROTOV,
            f"exponent of N, {neurons[0]} to {neurons[-1]} neurons "
            f"({0.9 * wanted:g} to {1.1 * wanted:g})",
            exponents(neurons, values[0]),
            low=0.9 * wanted,
            high=1.1 * wanted,
            reason="a tenth: logarithms in the law move it by less",
        )
    ]
    if energy.kind != "power":
        return claims
    law = one_step_capacity(degree, neurons[-1])
    claims.append(
        claim_median(
            "... and for one update its constant is that of normal noise "
            f"({energy.label})",
            DERIVED,
            f"patterns stable with {neurons[-1]} neurons, over the formula (0.9 to "
            "1.1)",
            values[1, -1] / law,
            low=0.9,
            high=1.1,
            reason="a tenth for terms beyond the leading one",
        )
    )
    if degree == 2:
        claims.append(
            claim_median(
                f"With {energy.label} it is 0.138 N",
                "Amit, Gutfreund & Sompolinsky 1985, of infinitely many neurons",
                f"patterns per neuron, {neurons[-1]} neurons, over 0.138 (0.9 to 1.1)",
                values[0, -1] / neurons[-1] / CRITICAL,
                low=0.9,
                high=1.1,
                reason="a tenth for so few neurons",
            )
        )
    return claims


def _exponential_claims(neurons: tuple[int, ...], values: np.ndarray) -> list[Claim]:
    """Linear growth of the logarithm."""
    slopes, squares = log_slopes(neurons, values)
    return [
        claim_median(
            "With exp(h) the logarithm of the capacity grows linearly with N",
            f"{THREAD}: exponential capacity",
            f"R^2 of the line, {neurons[0]} to {neurons[-1]} neurons (at least 0.98)",
            squares,
            low=0.98,
            reason="a fiftieth of the variance for six sizes",
        ),
        claim_median(
            "... at least as fast as 2^(N/2)",
            f"{DEMIRCIGIL}, there without errors",
            "slope of ln K over ln 2 / 2 (at least 1)",
            slopes / (np.log(2.0) / 2.0),
            low=1.0,
            reason="the slope of the law",
        ),
    ]


def _digit_claims(degrees: Sequence[int], digits: dict[str, np.ndarray]) -> list[Claim]:
    """From features to prototypes."""
    close, shared = digits["closeness"], digits["shared"]
    trained = max(len(degrees) - 2, 1)
    return [
        claim_median(
            "Memories of digits look more like digits as n grows: from features to "
            "prototypes",
            KROTOV,
            "largest cosine of a memory with a digit (median), largest n less smallest "
            "(above 0)",
            close[-1] - close[0],
            low=0.0,
            reason="0 is no change",
        ),
        claim_median(
            f"... up to n = {degrees[trained]}",
            f"{OURS}, added after it was seen that n = {degrees[-1]} does not train",
            f"largest cosine of a memory with a digit (median), n = {degrees[trained]} "
            f"less n = {degrees[0]} (above 0)",
            close[trained] - close[0],
            low=0.0,
            reason="0 is no change",
        ),
        claim_median(
            "Fewer memories share in a decision as n grows",
            KROTOV,
            "memories that share in the winning logit, largest n over smallest "
            "(below 0.5)",
            shared[-1] / shared[0],
            high=0.5,
            reason="half as many, guessed beforehand",
        ),
        claim_median(
            "... at little cost in accuracy",
            KROTOV,
            "accuracy on held-out digits, largest n less smallest (above -0.05)",
            digits["accuracy"][-1] - digits["accuracy"][0],
            low=-0.05,
            reason="a twentieth, guessed beforehand",
        ),
    ]


def _completion_claims(completion: dict[str, np.ndarray]) -> list[Claim]:
    """Recall of what is stored, completion of what is not."""
    recall, completed = completion["recall"], completion["completed"]
    return [
        claim_median(
            "A square does not recall a thousand digits in 64 neurons, the exponential "
            "does",
            "derived: loads of 16 and far under capacity",
            "recall of stored digits, exponential less square (above 0.05)",
            recall[-1] - recall[0],
            low=0.05,
            reason="a twentieth of the bits, guessed beforehand",
        ),
        claim_median(
            "What it stores helps the exponential to complete other digits",
            f"{THREAD}: the mix of both that transformers show is left open there",
            "share of right bits less that of the majority (above 0)",
            completed[-1] - completion["mean"],
            low=0.0,
            reason="0 is no help",
        ),
        claim_median(
            "Memorizing costs generalization: an energy between completes other digits "
            "better than the one that recalls most",
            OURS,
            "held-out completion, best energy less that of the best recall (above 0)",
            completed.max(axis=0) - _at_best_recall(recall, completed),
            low=1e-9,
            reason="0 is no difference",
        ),
    ]


def _at_best_recall(recall: np.ndarray, completed: np.ndarray) -> np.ndarray:
    """Completion of the energy with the best recall, the last of equals."""
    best = len(recall) - 1 - recall[::-1].argmax(axis=0)
    return completed[best, np.arange(recall.shape[1])]
