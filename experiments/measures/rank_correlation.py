"""Whether one number follows another over settings, seed by seed."""

import numpy as np
import scipy.stats
from jaxtyping import Float64


def rank_correlation(
    first: Float64[np.ndarray, "settings seeds"],
    second: Float64[np.ndarray, "settings seeds"],
) -> Float64[np.ndarray, " seeds"]:
    """Spearman's correlation over the settings, seed by seed; 0 for constants."""
    found = [
        float(np.corrcoef(scipy.stats.rankdata(x), scipy.stats.rankdata(y))[0, 1])
        if np.ptp(x) and np.ptp(y)
        else 0.0
        for x, y in zip(first.T, second.T, strict=True)
    ]
    return np.array(found, np.float64)
