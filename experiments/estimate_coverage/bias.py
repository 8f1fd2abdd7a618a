"""Whether runs are unbiased: errors over standard errors of three kinds.

An error over the standard error of *the same* runs is no test of bias: where runs are
skewed to the right, means that are too small come with spreads that are too small, and
the ratio is negative on average, though no mean is off. Over the spread of other runs,
or of the runs of other networks, it is 0 on average if and only if the mean is.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64

Values = Float64[np.ndarray, "networks runs"]

DRAWS = 400
"""How often the runs of each network are drawn again."""


def over_others(values: Values) -> Float64[np.ndarray, " networks"]:
    """Errors over the standard error that the runs of the other networks give.

    Args:
        values: Runs over the count, of the networks of one family.
    """
    networks, runs = values.shape
    variance = values.var(1, ddof=1)
    others = (variance.sum() - variance) / max(networks - 1, 1)
    return (values.mean(1) - 1.0) / np.sqrt(others / runs)


def over_own(values: Values, center: Any = 1.0) -> Float64[np.ndarray, " networks"]:
    """Errors over the standard error of the same runs (Student's t)."""
    error = values.std(1, ddof=1) / np.sqrt(values.shape[1])
    return (values.mean(1) - center) / error


def simulated_own(values: Values, seed: int = 0) -> float:
    """The mean of `over_own` where nothing is biased and runs spread as these do.

    Runs are drawn with replacement from those of each network, and their mean is
    compared with the mean of what they are drawn from.
    """
    rng, total = np.random.default_rng(seed), 0.0
    for row in values:
        drawn = rng.choice(row, (DRAWS, len(row)))
        # All alike, as few runs of few different values may be, say nothing.
        drawn = drawn[drawn.std(1) > 0.0]
        total += float(over_own(drawn, row.mean()).mean())
    return total / len(values)


def bias_rows(trials: Mapping[str, Mapping[str, np.ndarray]]) -> list[dict[str, Any]]:
    """Mean error over each standard error, and what it is on average without bias."""
    open_ = [(t, ~t["exact"]) for t in trials.values() if (~t["exact"]).any()]
    values = [t["values"][k] for t, k in open_]
    every = np.concatenate(values)
    return [
        _row("other runs", np.concatenate([t["z"][k] for t, k in open_]), 0.0),
        _row("other networks", np.concatenate([over_others(v) for v in values]), 0.0),
        _row("the same runs", over_own(every), simulated_own(every)),
    ]


def _row(name: str, errors: np.ndarray, unbiased: float) -> dict[str, Any]:
    """One standard error."""
    return {
        "standard error of": name,
        "mean": float(errors.mean()),
        "+-": float(errors.std(ddof=1) / np.sqrt(len(errors))),
        "without bias": unbiased,
    }
