"""Lower bounds of a number of patterns, by random parity constraints.

A round adds random constraints, one at a time, until no pattern satisfies them all:
each says that among `size` random units an even (or an odd) number is on. Whatever the
patterns, each of them satisfies a constraint with probability 1/2, so that with j
constraints N patterns leave at least one with probability N / 2^j at most. Had a
network 2^(j - 1) patterns or fewer, at most half of the rounds would come so far, on
average: more of them prove, with a chance to be wrong that Chernoff's inequality
bounds, that there are more.

T. Serra and S. Ramalingam (AAAI 2020, arXiv 1810.03370) ask a mixed-integer solver
whether a pattern is left. Of networks whose patterns are listed the same question is
answered by looking: exactly, and without a solver. Where some patterns are known, a
solver has to be asked only when none of these is left.

Reference: C. P. Gomes, A. Sabharwal, B. Selman, "Model counting: a new strategy for
obtaining good bounds", AAAI 2006 (MBound), for formulas in place of networks.
"""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Int, UInt64

from regions.errors.limits import check

Parity = tuple[Int[np.ndarray, " size"], int]
"""Units, and whether an odd number of them is on."""


def pattern_codes(
    bits: Bool[np.ndarray, "patterns units"],
) -> UInt64[np.ndarray, " patterns"]:
    """Patterns of at most 64 units as whole numbers, unit k being bit k."""
    powers = np.uint64(1) << np.arange(bits.shape[1], dtype=np.uint64)
    return (bits * powers).sum(1, dtype=np.uint64)


def rounds_survived(
    codes: UInt64[np.ndarray, " patterns"],
    units: int,
    size: int,
    rounds: int,
    rng: np.random.Generator,
    find: Callable[[list[Parity]], Bool[np.ndarray, " units"] | None] | None = None,
) -> Int[np.ndarray, " constraints"]:
    """In how many rounds some pattern satisfied the first 1, 2, ... constraints.

    Args:
        codes: The patterns, each once (`pattern_codes`), or some of them.
        units: How many units they have.
        size: Units of a constraint.
        rounds: How often constraints are drawn anew.
        rng: Where chance comes from; from the same numbers come the same constraints.
        find: Asked, where `codes` are not all patterns and none of those known is left,
            for a pattern that satisfies all constraints; None if there is none.
    """
    longest: list[int] = []
    for _ in range(rounds):
        left, parities = codes, list[Parity]()
        while True:
            check()
            chosen = rng.choice(units, min(size, units), replace=False)
            parities.append((chosen, int(rng.integers(2))))
            mask = (np.uint64(1) << chosen.astype(np.uint64)).sum(dtype=np.uint64)
            left = left[np.bitwise_count(left & mask) % 2 == parities[-1][1]]
            if not len(left) and find is not None:
                found = find(parities)
                if found is not None:
                    left = pattern_codes(found[None])
                    codes = np.append(codes, left)
            if not len(left):
                break
        longest.append(len(parities) - 1)
    reached = np.bincount(longest, minlength=1)
    return np.cumsum(reached[::-1])[::-1][1:]


def parity_bound(
    survived: Int[np.ndarray, " constraints"], rounds: int, level: float
) -> int:
    """The largest power of two that there are patterns of, with probability `level`.

    If there were fewer than 2^(j - 1), a share `1/2 + d` of the rounds or more would
    survive j constraints with probability `(e^(2 d) / (1 + 2 d)^(1 + 2 d))^(rounds/2)`
    at most. As survivors only become fewer with j, the largest j whose share proves
    something is wrong as seldom as the first one that would be.

    Args:
        survived: Of `rounds_survived`.
        rounds: Likewise.
        level: Probability to hold.

    Example:
        >>> parity_bound(np.array([16, 16, 9]), 16, 0.95)
        2
    """
    proved = 0
    for j, number in enumerate(survived.tolist(), start=1):
        twice = 2.0 * number / rounds - 1.0
        if twice <= 0.0:
            break
        log_chance = 0.5 * rounds * (twice - (1.0 + twice) * math.log1p(twice))
        if log_chance <= math.log(1.0 - level):
            proved = j - 1
    return 2**proved
