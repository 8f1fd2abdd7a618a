"""What the ranks say of the claims."""

import numpy as np

from experiments.running.claims import Claim, claim_median

SOURCE = "Grigsby, Lindsey & Rolnick, ICML 2023 (2306.06179), abstract"
GROUPS = 10
Missing = dict[tuple[int, int, int], np.ndarray]


def claims_of(missing: Missing) -> list[Claim]:
    """Changes of the share of networks without hidden symmetries."""
    dims, widths, depths = (sorted({s[k] for s in missing}) for k in range(3))
    middle = widths[len(widths) // 2], depths[len(depths) // 2]
    claims = [
        _change(
            f"The share without hidden symmetries falls with depth: {dim} inputs, "
            f"width {middle[0]}",
            f"share at {depths[-1]} layers less that at {depths[0]}",
            missing[dim, middle[0], depths[-1]],
            missing[dim, middle[0], depths[0]],
            rises=False,
        )
        for dim in dims
    ]
    claims += [
        _change(
            f"It rises with the width: {dim} inputs, {middle[1]} layers",
            f"share at width {widths[-1]} less that at width {widths[0]}",
            missing[dim, widths[-1], middle[1]],
            missing[dim, widths[0], middle[1]],
            rises=True,
        )
        for dim in dims
    ]
    if len(dims) > 1:
        claims.append(
            _change(
                f"It rises with the number of inputs: width {middle[0]}, {middle[1]} "
                "layers",
                f"share with {dims[-1]} inputs less that with {dims[0]}",
                missing[dims[-1], *middle],
                missing[dims[0], *middle],
                rises=True,
            )
        )
    return claims


def _change(
    claim: str, statistic: str, one: np.ndarray, other: np.ndarray, *, rises: bool
) -> Claim:
    """The claim that a share rises, or falls, between two shapes."""
    change = _group_shares(one) - _group_shares(other)
    tiny = np.nextafter(0.0, 1.0)
    bounds = {"low": tiny} if rises else {"high": -tiny}
    text = f"{statistic}, in groups of networks ({'above' if rises else 'below'} 0)"
    return claim_median(claim, SOURCE, text, change, **bounds)


def _group_shares(values: np.ndarray) -> np.ndarray:
    """Shares of zeros in ten groups."""
    return np.array([(part == 0).mean() for part in np.array_split(values, GROUPS)])
