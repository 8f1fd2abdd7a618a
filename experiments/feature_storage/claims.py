"""What the claims on linear storage come to, on both sides."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from experiments.feature_storage.linearity import MAPS
from experiments.feature_storage.noisy_channels import PAIR_DENSITY
from experiments.feature_storage.state_readouts import READOUTS
from experiments.feature_storage.storage import STORAGES
from experiments.running.claims import Claim, claim_exact, claim_median, claim_share

THREAD = "Hoagy 2023 (comment on almost linear models)"
READER = "a reader of the post: linear maps are easily tested"
DERIVED = "derived"
OURS = "this project"
FEW = 16
"""Others on, of the claims at one number; the largest number below it elsewhere."""

Arrays = dict[str, dict[str, np.ndarray]]


class Sizes(NamedTuple):
    """What the claims need of the configuration; see there."""

    dim: int
    active: tuple[int, ...]
    state_features: int
    state_dim: int
    state_active: tuple[int, ...]
    densities: tuple[float, ...]


def feature_storage_claims(sizes: Sizes, arrays: Arrays) -> list[Claim]:
    """Claims in the order of the page: context, error, sparsity, noise, linear maps."""
    return [
        *_context_claims(sizes, arrays["contexts"]),
        *_error_claims(sizes, arrays["contexts"]),
        *_state_claims(sizes, arrays["states"]),
        *_noise_claims(sizes, arrays["readouts"]),
        *_pair_claims(arrays["pairs"]),
        *_linearity_claims(arrays["linearity"]),
    ]


def feature_storage_headline(sizes: Sizes, arrays: Arrays) -> str:
    """One line for the pages."""
    at = sizes.active.index(FEW)
    dependence = np.median(arrays["contexts"]["dependence"][:, at], axis=1)
    errors = np.median(arrays["contexts"]["binary"][:, at], axis=1)
    words = [
        f"{name} {one:.2f} and {other:.2f}"
        for name, one, other in zip(STORAGES, dependence, errors, strict=True)
    ]
    return (
        f"context dependence and error of a binary feature with {FEW} others on: "
        + ", ".join(words)
    )


def error_exponents(
    active: Sequence[int] | np.ndarray, errors: np.ndarray
) -> np.ndarray:
    """Slope of the logarithm of the squared error against that of the others on."""
    fit = np.polynomial.polynomial.polyfit(np.log(active), 2.0 * np.log(errors), 1)
    return np.asarray(fit[1])


def _context_claims(sizes: Sizes, contexts: dict[str, np.ndarray]) -> list[Claim]:
    """How the effect of a feature depends on the others."""
    dependence = dict(zip(STORAGES, contexts["dependence"], strict=True))
    at = sizes.active.index(FEW)
    law = 2.0 * np.sqrt(FEW / sizes.dim)
    return [
        claim_exact(
            "Read linearly, a feature has the same effect whatever else is on",
            f"{THREAD}; true by construction",
            "largest spread over mean of the effect, all numbers of others (0)",
            float(dependence["linear"].max()),
            holds=bool(dependence["linear"].max() < 1e-12),
        ),
        claim_median(
            f"Read as a square it depends on the {FEW} others, as the formula says",
            f"{THREAD}; formula 2 sqrt(k / n) derived",
            f"spread over mean of the effect over {law:.2f} (0.95 to 1.05)",
            dependence["quadratic"][at] / law,
            low=0.95,
            high=1.05,
            reason="a twentieth for what 4000 contexts leave to chance",
        ),
        claim_median(
            f"Stored along a curve it depends on the {FEW} others",
            THREAD,
            "spread over mean of the effect (at least 0.1)",
            dependence["curved"][at],
            low=0.1,
            reason="a tenth of the effect is more than linear storage has: none",
        ),
        claim_median(
            "A threshold is as fragile as a square with few others on",
            f"{THREAD}: nonlinear storage is fragile",
            f"spread over mean of the effect, threshold over square, {sizes.active[0]}"
            " on (at least 0.5)",
            dependence["threshold"][0] / dependence["quadratic"][0],
            low=0.5,
            reason="half of it would still be called as fragile",
        ),
    ]


def _error_claims(sizes: Sizes, contexts: dict[str, np.ndarray]) -> list[Claim]:
    """The error of what is read, whose order is another."""
    binary = dict(zip(STORAGES, contexts["binary"], strict=True))
    graded = dict(zip(STORAGES, contexts["graded"], strict=True))
    few = [i for i, k in enumerate(sizes.active) if k <= FEW]
    return [
        claim_median(
            "The squared error of linear storage grows as the number of others",
            "derived: each adds 1 / n",
            "exponent of the others on (0.95 to 1.05)",
            error_exponents(sizes.active, binary["linear"]),
            low=0.95,
            high=1.05,
            reason="a twentieth for what 4000 contexts leave to chance",
        ),
        claim_share(
            "Linear storage is the most robust to the others on, in the error of a "
            "binary feature too",
            f"{THREAD}, taken as a claim on errors",
            f"share of seeds in which it has the smallest error at each number up to "
            f"{FEW} (above 0.5)",
            _is_least(contexts["binary"][:, few]),
            low=0.5,
            reason="most seeds",
        ),
        claim_median(
            f"A threshold has at most half the error of a linear read-out, {FEW} on",
            f"{OURS}, a guess",
            "error of a binary feature, threshold over linear (at most 0.5)",
            np.array(binary["threshold"] / binary["linear"])[sizes.active.index(FEW)],
            high=0.5,
            reason="a half, guessed beforehand",
        ),
        claim_share(
            "The error of a graded feature is smallest with linear storage",
            f"{THREAD}, taken as a claim on errors",
            f"share of seeds in which it is at each number up to {FEW} (above 0.5)",
            _is_least(contexts["graded"][:, few]),
            low=0.5,
            reason="most seeds",
        ),
        claim_median(
            "A threshold cannot read a graded feature",
            DERIVED,
            f"error of a graded feature, threshold over linear, {sizes.active[0]} on "
            "(at least 2)",
            graded["threshold"][0] / graded["linear"][0],
            low=2.0,
            reason="a factor of 2 is more than read-outs differ by otherwise",
        ),
    ]


def _is_least(errors: np.ndarray) -> np.ndarray:
    """Seeds in which the first storage errs least at all numbers of others."""
    return (errors.argmin(axis=0) == STORAGES.index("linear")).all(axis=0)


def _state_claims(sizes: Sizes, states: dict[str, np.ndarray]) -> list[Claim]:
    """Whole states: what linear and trained read-outs leave."""
    errors = dict(zip(READOUTS, states["errors"], strict=True))
    law = 1.0 - sizes.state_dim / sizes.state_features
    sparse, dense = sizes.state_active[0], sizes.state_active[-1]
    ratio = errors["trained"] / errors["optimal linear"]
    return [
        claim_median(
            "The best linear read-out of all features leaves the share 1 - n / m of "
            "their variance, however sparse they are",
            DERIVED,
            "squared error over it, mean over sparsities (0.98 to 1.02)",
            (errors["optimal linear"] / law).mean(axis=0),
            low=0.98,
            high=1.02,
            reason="a fiftieth for sampling",
        ),
        claim_median(
            f"With {sparse} of {sizes.state_features} on, a trained read-out has at "
            "most a tenth of its error",
            f"{THREAD}: the opposite would be needed for linear to be best",
            "squared error, trained over optimal linear (at most 0.1)",
            ratio[0],
            high=0.1,
            reason="an order of magnitude",
        ),
        claim_median(
            f"With {dense} on it has at least nine tenths of it",
            OURS,
            "squared error, trained over optimal linear (0.9 to 1.1)",
            ratio[-1],
            low=0.9,
            high=1.1,
            reason="a tenth for what training leaves",
        ),
    ]


def _noise_claims(sizes: Sizes, readouts: dict[str, np.ndarray]) -> list[Claim]:
    """One feature under noise: which read-out is learned."""
    curved, excess = readouts["nonlinearity"], readouts["excess"]
    best = readouts["best_nonlinearity"]
    order = np.argsort(sizes.densities)[::-1]
    at_noise = min(1, curved.shape[1] - 1)
    binary = curved[1:][order, at_noise]
    return [
        claim_median(
            "For a Gaussian feature in Gaussian noise the learned read-out is linear",
            "derived: the mean given a Gaussian is linear",
            "share of its variance that is not, largest over noises (at most 0.02)",
            curved[0].max(axis=0),
            high=0.02,
            reason="a fiftieth for what training leaves",
        ),
        claim_median(
            "Its error is the least possible",
            DERIVED,
            "squared error beyond it over it, largest over noises (at most 0.05)",
            excess[0].max(axis=0),
            high=0.05,
            reason="a twentieth for what training leaves",
        ),
        claim_median(
            "For a binary feature it is the soft threshold of the formula",
            DERIVED,
            "difference of the shares that are not linear, learned and best, largest "
            "over densities and noises (at most 0.05)",
            np.abs(curved[1:] - best[1:, :, None]).max(axis=(0, 1)),
            high=0.05,
            reason="a twentieth for what training leaves",
        ),
        claim_share(
            "The sparser a binary feature, the more curved its read-out",
            "derived from the formula at this noise",
            "share of seeds in which the share that is not linear grows from each "
            "density to the next (above 0.5)",
            np.logical_and.reduce(np.diff(binary, axis=0) > 0.0),
            low=0.5,
            reason="most seeds",
        ),
        claim_exact(
            "Under Gaussian noise the best read-out is linear for Gaussian features "
            "alone",
            "derived: Tweedie's formula and Cramer's theorem",
            "share of its variance that is not linear, smallest over binary features "
            f"and noises (above 0; of Gaussian features {best[0].max():.2g})",
            float(best[1:].min()),
            holds=bool(best[0].max() < 1e-9 and best[1:].min() > 1e-3),
        ),
        claim_exact(
            "Linear read-outs are the most robust there are",
            f"{THREAD}, as a question for a proof",
            "least error over that of the best linear read-out, smallest over binary "
            "features (1 would support it)",
            float(readouts["gain"][1:].min()),
            holds=bool(readouts["gain"][1:].min() > 0.99),
        ),
    ]


def _pair_claims(pairs: dict[str, np.ndarray]) -> list[Claim]:
    """Encoder and read-out learned together."""
    curved = np.maximum(pairs["encoder"], pairs["decoder"])
    return [
        claim_median(
            "Encoder and read-out learned together for a Gaussian feature are linear",
            "derived: no pair has less error than the linear one there",
            "share of variance that is not, larger of the two, largest over noises "
            "(at most 0.02)",
            curved[0].max(axis=0),
            high=0.02,
            reason="a fiftieth for what training leaves",
        ),
        claim_median(
            f"For a Gaussian feature that is on with probability {PAIR_DENSITY:g} they "
            "are not, and err less than the best linear pair",
            OURS,
            "squared error over that of the linear pair, smallest over noises "
            "(at most 0.9)",
            pairs["error"][1].min(axis=0),
            high=0.9,
            reason="a tenth is more than what training leaves",
        ),
    ]


def _linearity_claims(linearity: dict[str, np.ndarray]) -> list[Claim]:
    """Whether classifiers of digits are linear maps."""
    inputs = MAPS.index("inputs, less f(0)")
    last = MAPS.index("last embedding")
    scaling, adding = linearity["scaling"], linearity["adding"]
    return [
        claim_median(
            "Trained classifiers of digits are linear maps of their inputs",
            READER,
            "|f(x+y) - f(x) - f(y)| over the spread of f(x) + f(y), f less f(0) "
            "(at most 0.1)",
            adding[1, inputs],
            high=0.1,
            reason="a tenth would pass for linear",
        ),
        claim_median(
            "Scaling alone does not tell: before training, with biases near 0, f(2x) "
            "is 2 f(x)",
            "derived: ReLU networks without biases scale",
            "|f(2x) - 2 f(x)| over the spread of 2 f(x), before training (at most "
            "0.05)",
            scaling[0, inputs],
            high=0.05,
            reason="a twentieth for the biases, of variance 1e-6",
        ),
        claim_median(
            "... while adding already fails there",
            OURS,
            "|f(x+y) - f(x) - f(y)| over the spread of f(x) + f(y), before training "
            "(at least 0.1)",
            adding[0, inputs],
            low=0.1,
            reason="a tenth would pass for linear",
        ),
        claim_median(
            "At the last embedding the map is linear but for its bias",
            "by construction",
            "|f(x+y) - f(x) - f(y)| over the spread of f(x) + f(y) (at most 0.1)",
            adding[1, last],
            high=0.1,
            reason="a tenth would pass for linear",
        ),
    ]
