"""Intervals for the mean of independent positive numbers given by their logarithms.

Runs of an estimate are unbiased, positive and skewed: a few large ones carry much of
the mean. The interval allows for the skewness; the lower bound needs no more than that
the numbers are not negative and their mean is the count.
"""

import math

import numpy as np
from jaxtyping import Float64

BETS = np.append(np.geomspace(0.01, 0.9, 12), 1.0)
"""Shares of the stake that the bets of the lower bound put at risk."""


def log_mean(logs: Float64[np.ndarray, " runs"]) -> float:
    """Logarithm of the mean of numbers given by their logarithms."""
    top = float(logs.max())
    if top == -math.inf:
        return top
    return top + math.log(float(np.exp(logs - top).mean()))


def log_interval(
    logs: Float64[np.ndarray, " runs"], level: float
) -> tuple[float, float]:
    """Logarithms of the ends of a two-sided interval for the mean.

    At each end the wider of Student's t and of the same after Hall's cubic
    transformation, which removes the skewness of the studentized mean to the first
    order (P. Hall, "On the removal of skewness by transformation", Journal of the Royal
    Statistical Society B 54, 1992, section 2). Alone, each is short now and then: the
    skewness of few runs is known badly.
    """
    from scipy.special import stdtrit

    runs = len(logs)
    if runs < 2:
        return -math.inf, math.inf
    center = log_mean(logs)
    if center == -math.inf:
        return -math.inf, math.inf
    values = np.exp(logs - center)
    spread = float(values.std(ddof=1))
    if spread == 0.0:
        return center, center
    root = math.sqrt(runs)
    skewness = float((((values - 1.0) / spread) ** 3).mean())
    quantile = float(stdtrit(runs - 1, 0.5 + 0.5 * level))
    ends = []
    for t, widest in ((quantile, max), (-quantile, min)):
        wide = widest(t, _untransformed(t, skewness, root))
        end = 1.0 - spread / root * wide
        ends.append(center + math.log(end) if end > 0.0 else -math.inf)
    return ends[0], ends[1]


def _untransformed(t: float, skewness: float, root: float) -> float:
    """The studentized mean that Hall's transformation maps to `t`."""
    a = skewness / (3.0 * root)
    shifted = t - skewness / (6.0 * root)
    if abs(a) < 1e-9:
        return shifted
    # T + a T^2 + a^2 T^3 / 3 = shifted has the one real solution below.
    return (math.cbrt(1.0 + 3.0 * a * shifted) - 1.0) / a


def log_lower_bound(logs: Float64[np.ndarray, " runs"], level: float) -> float:
    """Logarithm of a number that is below the mean with probability `level`, at least.

    For a mean m, a player who always puts the share b of the stake on runs above m has
    the product of `1 + b (X / m - 1)` in the end: on average 1, whatever distribution
    the runs have, so that it is `1 / (1 - level)` or more with probability `1 - level`
    at most (Markov; at any time when to stop, Ville). The bound is the largest m at
    which the mean over several shares b is that large. With b = 1 alone it is the
    geometric mean of the runs times `(1 - level)^(1 / runs)`.

    Reference: I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random
    variables by betting", Journal of the Royal Statistical Society B 86, 2024, section
    4 (here without an upper bound of the variables, so that only one side has bets).

    Args:
        logs: Logarithms of the runs; of those that were begun and not ended, too, be
            it minus infinity.
        level: Probability to hold, such as 0.95.
    """
    goal = -math.log(1.0 - level)
    finite = logs[np.isfinite(logs)]
    zeros = len(logs) - len(finite)
    if not len(finite):
        return -math.inf

    def stake(log_m: float) -> float:
        """Logarithm of the mean stake of all players, minus what is to be reached."""
        ratios = np.exp(np.minimum(finite - log_m, 700.0)) - 1.0
        won = np.log1p(BETS[:, None] * ratios[None, :]).sum(1)
        if zeros:
            # Whoever put all at risk has lost it.
            with np.errstate(divide="ignore"):
                won = won + zeros * np.log1p(-BETS)
        return log_mean(won) - goal

    low, high = float(finite.min()) - goal - 700.0, float(finite.max()) + 1.0
    if stake(high) > 0.0 or stake(low) <= 0.0:
        return high if stake(high) > 0.0 else -math.inf
    for _ in range(200):
        middle = 0.5 * (low + high)
        if stake(middle) > 0.0:
            low = middle
        else:
            high = middle
    return low
