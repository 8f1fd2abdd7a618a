"""Dense associative memories: energies, updates, capacities, basins, completion.

Patterns x of +1 and -1 have the energy -sum_mu F(p_mu . x) over the stored patterns p.
A neuron takes the sign that lowers it, the others held. With F(h) = h^2 this is the
Hopfield network of Hebb's rule without self-coupling.

References:
    D. Krotov, J. J. Hopfield, Dense associative memory for pattern recognition, 2016,
    arXiv 1606.01164. M. Demircigil et al., On a model of associative memory with huge
    storage capacity, 2017, arXiv 1702.01929 (the exponential).
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

ALLOWED = 0.01
"""Share of wrong bits up to which patterns count as stored."""

BITS = 2000
"""Tested at least, for a share of wrong bits."""

UPDATES = 10
"""Parallel updates of all neurons after which a state is taken for settled."""


class Energy(NamedTuple):
    """The function F.

    Attributes:
        kind: `power`, `rectified` (0 below 0) or `exp`.
        degree: Exponent of the power; 0 for `exp`.
    """

    kind: str
    degree: int

    @property
    def label(self) -> str:
        """For legends: F of h."""
        return {
            "power": f"h^{self.degree}",
            "rectified": f"max(h, 0)^{self.degree}",
            "exp": "exp(h)",
        }[self.kind]

    def __call__(self, h: Float64[np.ndarray, "*shape"]) -> np.ndarray:
        """F at `h`."""
        if self.kind == "exp":
            return np.exp(h)
        base = np.maximum(h, 0.0) if self.kind == "rectified" else h
        return base**self.degree


def random_patterns(
    count: int, neurons: int, rng: np.random.Generator
) -> Float32[np.ndarray, "count neurons"]:
    """Independent patterns of +1 and -1, evenly."""
    return (2 * rng.integers(0, 2, (count, neurons), np.int8) - 1).astype(np.float32)


def local_fields(
    energy: Energy,
    patterns: Float32[np.ndarray, "patterns neurons"],
    states: Float32[np.ndarray, "states neurons"],
) -> Float64[np.ndarray, "states neurons"]:
    """Energy with each neuron at -1 less that with it at +1, the others held.

    With h = p . x a neuron of a pattern contributes p (F(h) - F(h - 2)) if it agrees
    with it and p (F(h + 2) - F(h)) if not: two matrix products serve all neurons.
    """
    return _fields(_tables(energy, patterns.shape[1]), patterns, states)


def _tables(energy: Energy, neurons: int) -> Float64[np.ndarray, "2 overlaps"]:
    """Half the sum and half the difference of both contributions at every overlap.

    Overlaps are whole numbers from -N to N, so F is evaluated once for each of them.
    """
    h = np.arange(-neurons, neurons + 1, dtype=np.float64)
    here = energy(h)
    agree, differ = here - energy(h - 2.0), energy(h + 2.0) - here
    return np.stack([agree + differ, agree - differ]) / 2.0


def _fields(
    tables: Float64[np.ndarray, "2 overlaps"],
    patterns: Float32[np.ndarray, "patterns neurons"]
    | Float64[np.ndarray, "patterns neurons"],
    states: Float32[np.ndarray, "states neurons"],
) -> Float64[np.ndarray, "states neurons"]:
    """`local_fields` from the tables of the energy."""
    neurons = patterns.shape[1]
    # Sums of +1 and -1: exact in any float format.
    h = (states @ patterns.T).astype(np.int32) + neurons
    shared = tables[0].take(h) @ patterns
    return shared + states * tables[1].take(h).sum(axis=1)[:, None]


def settle_in_parallel(
    energy: Energy,
    patterns: Float32[np.ndarray, "patterns neurons"],
    states: Float32[np.ndarray, "states neurons"],
    *,
    updates: int = UPDATES,
    free: slice = slice(None),
) -> Float32[np.ndarray, "states neurons"]:
    """Update all free neurons at once until none changes, or so many times.

    Args:
        energy: Energy of the memory.
        patterns: That are stored.
        states: At the start.
        updates: At most.
        free: Neurons that may change; the others are held.
    """
    states = states.copy()
    tables, stored = _tables(energy, patterns.shape[1]), patterns.astype(np.float64)
    moving = np.arange(len(states))
    for _ in range(updates):
        before = states[moving]
        fields = _fields(tables, stored, before)
        after = np.where(fields == 0.0, before, np.sign(fields)).astype(np.float32)
        changed = (after[:, free] != before[:, free]).any(axis=1)
        # A state that rests once rests for good.
        moving = moving[changed]
        if not len(moving):
            break
        states[moving, free] = after[changed][:, free]
    return states


def bit_error(
    energy: Energy,
    patterns: Float32[np.ndarray, "patterns neurons"],
    *,
    tested: int,
    updates: int,
) -> float:
    """Share of wrong bits after updates that start at the first `tested` patterns."""
    starts = patterns[:tested]
    ends = settle_in_parallel(energy, patterns, starts, updates=updates)
    return float((ends != starts).mean())


def capacity(
    energy: Energy,
    neurons: int,
    rng: np.random.Generator,
    *,
    tested: int = 50,
    updates: int = UPDATES,
    steps: int = 6,
    most: int = 1 << 20,
) -> int:
    """Largest number of random patterns found with under 1 % of wrong bits.

    Numbers are doubled until too many bits are wrong, and the last interval is halved.
    Few patterns of few neurons have too few bits for a share of 1 %: errors are then
    averaged over as many sets of patterns as have `BITS` tested bits.

    Args:
        energy: Energy of the memory.
        neurons: Its size.
        rng: Draws the patterns, each number of a set a prefix of the next.
        tested: Stored patterns started from.
        updates: Parallel updates, at most; 1 asks for stability alone.
        steps: Halvings.
        most: Patterns after which the search is given up.

    Raises:
        RuntimeError: If `most` patterns are stored.
    """
    sets: list[np.ndarray] = []

    def stored(count: int) -> bool:
        needed = math.ceil(BITS / (min(tested, count) * neurons))
        while len(sets) < needed:
            sets.append(random_patterns(2, neurons, rng))
        for i in range(needed):
            missing = count - len(sets[i])
            if missing > 0:
                more = random_patterns(missing, neurons, rng)
                sets[i] = np.concatenate([sets[i], more])
        errors = [
            bit_error(energy, one[:count], tested=tested, updates=updates)
            for one in sets[:needed]
        ]
        return float(np.mean(errors)) < ALLOWED

    high = 2
    while stored(high):
        if high >= most:
            raise RuntimeError(
                f"{high} patterns of {neurons} neurons are stored: ask for fewer "
                "neurons or a smaller degree."
            )
        high *= 2
    low = high // 2
    for _ in range(steps):
        middle = (low + high) // 2
        if middle == low:
            break
        low, high = (middle, high) if stored(middle) else (low, middle)
    return low


def one_step_capacity(degree: int, neurons: int) -> float:
    """Patterns at which 1 % of bits leave in one update, noise taken as normal.

    `N^(n-1) / ((2n - 3)!! z^2)` to leading order, z = 2.326 the quantile of 1 %.
    """
    odd = math.prod(range(1, 2 * degree - 2, 2))
    return neurons ** (degree - 1) / (odd * 2.3263479**2)


def basin_radius(
    energy: Energy,
    patterns: Float32[np.ndarray, "patterns neurons"],
    rng: np.random.Generator,
    *,
    tested: int,
    shares: Float64[np.ndarray, " shares"],
) -> float:
    """Largest share of flipped bits from which nine in ten patterns are recovered.

    A pattern is recovered if at most 1 % of its bits are wrong in the end. Shares are
    tried in ascending order up to the first that fails; 0 if the first does.
    """
    radius = 0.0
    starts = patterns[:tested]
    ranks = rng.random(starts.shape).argsort(axis=1).argsort(axis=1)
    for share in shares:
        flipped = ranks < round(float(share) * starts.shape[1])
        ends = settle_in_parallel(energy, patterns, np.where(flipped, -starts, starts))
        recovered = (ends != starts).mean(axis=1) <= ALLOWED
        if recovered.mean() < 0.9:
            break
        radius = float(share)
    return radius


def nearest_radius(
    patterns: Float32[np.ndarray, "patterns neurons"],
    rng: np.random.Generator,
    *,
    tested: int,
    shares: Float64[np.ndarray, " shares"],
) -> float:
    """`basin_radius` of the widest basins: those of the nearest stored pattern."""
    radius = 0.0
    starts = patterns[:tested]
    ranks = rng.random(starts.shape).argsort(axis=1).argsort(axis=1)
    for share in shares:
        flipped = ranks < round(float(share) * starts.shape[1])
        overlaps = np.where(flipped, -starts, starts) @ patterns.T
        if (overlaps.argmax(axis=1) == np.arange(len(starts))).mean() < 0.9:
            break
        radius = float(share)
    return radius


def completion(
    energy: Energy,
    patterns: Float32[np.ndarray, "patterns neurons"],
    images: Float32[np.ndarray, "images neurons"],
    free: slice,
    blank: Float32[np.ndarray, " free"],
) -> float:
    """Share of right bits among those that are erased and completed.

    Args:
        energy: Energy of the memory.
        patterns: That are stored.
        images: To be completed.
        free: Which bits are erased.
        blank: What they hold at the start.
    """
    starts = images.copy()
    starts[:, free] = blank
    ends = settle_in_parallel(energy, patterns, starts, free=free)
    return float((ends[:, free] == images[:, free]).mean())
