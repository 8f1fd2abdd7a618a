"""Of how many activation regions the linear region of one of them consists.

A run ends with activation regions and their weights. Each with weight over the number
of activation regions that make up its linear region, the sum is an unbiased estimate of
the number of linear regions: every linear region has as many parts of one over their
number. That number is found by walking: across facets beyond which the network has
exactly the same affine map, until there is none that leads to a region not seen.

Most regions need no step. Where no unit vanishes or is constant on a region and no two
lie on one hyperplane, a neighbor is the same pattern with one bit flipped; remainders
of the maps of all such patterns tell at once that none is that of the region.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.ball import Ball
from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.walk.facet_flips import Walk
from regions.errors import LimitError
from regions.errors.limits import limited
from regions.estimates.many_inputs.image import has_independent_rows, reads_once
from regions.lp.batch_proofs import prove_witness_batch
from regions.lp.chebyshev import small_batch_balls
from regions.lp.exact_lp import interior
from regions.network import Layer, ReluNetwork
from regions.polytopes.crossing import Place
from regions.polytopes.network_rows import NetworkRows
from regions.results.merging import exact_maps
from regions.results.remainders import MODULI, Remainders, random_point
from regions.signs.exact import nearest_float

DEEP = 1e3
"""Points deeper inside a region than this are of no use."""

Part = tuple[bytes, int]
"""A linear region: the least of its patterns, and how many there are."""


class LinearParts:
    """The linear regions of one network on a domain, each found when it is asked for.

    Args:
        network: The network.
        domain: A domain with flat sides (`require_flat_sides`).
    """

    def __init__(self, network: ReluNetwork, domain: Domain):
        network, domain = _reduced(network, domain)
        self._rows = NetworkRows(network, domain)
        rng = np.random.default_rng(0)
        self._remainders = [Remainders(network, modulus) for modulus in MODULI]
        self._points = [
            [random_point(domain, modulus, rng) for _ in range(2)] for modulus in MODULI
        ]
        self._known: dict[bytes, Part] = {}

    def part_of(
        self, bits: Bool[np.ndarray, " units"], stop: Callable[[], bool]
    ) -> Part | None:
        """The linear region of an activation region; None if `stop` said so before.

        Args:
            bits: A bit for every hidden unit of the activation region, which exists.
            stop: Asked between steps.
        """
        key = bits.tobytes()
        if key in self._known:
            return self._known[key]
        members = [key] if self._is_single(bits) else self._walked(bits, stop)
        if members is None:
            return None
        part = min(members), len(members)
        self._known.update(dict.fromkeys(members, part))
        return part

    def _is_single(self, bits: Bool[np.ndarray, " units"]) -> bool:
        """Whether remainders prove that no neighbor has the same map."""
        units = self._rows.units
        flips = np.repeat(bits[None, units], len(units) + 1, axis=0)
        flips[np.arange(len(units)), np.arange(len(units))] ^= True
        same = np.ones(len(units), bool)
        flat, level = np.ones(len(units), bool), []
        for remainders, (one, two) in zip(self._remainders, self._points, strict=True):
            outputs = remainders.outputs(flips, one)
            same &= (outputs[:-1] == outputs[-1]).all(1)
            here, there = (
                np.concatenate(remainders.layers(flips[-1:], p)[:-1], axis=1)[0, units]
                for p in (one, two)
            )
            flat &= here == there
            level.append(_ratios(here, there, remainders.modulus))
        if same.any() or flat.any():
            return False
        return len(np.unique(np.array(level), axis=1).T) == len(units)

    def _walked(
        self, bits: Bool[np.ndarray, " units"], stop: Callable[[], bool]
    ) -> list[bytes] | None:
        """The patterns of the linear region, by walking through it."""
        own = next(exact_maps(self._rows.exact, bits[None]))
        print_ = self._print(bits)

        def belongs(other: Bool[np.ndarray, " units"]) -> bool:
            if self._print(other) != print_:
                return False
            return next(exact_maps(self._rows.exact, other[None])) == own

        budget = Budget(stop=stop)
        walk = Walk(self._rows, self._place(bits), belongs)
        try:
            with limited(stop=budget.spent):
                while walk.queue:
                    budget.check()
                    walk.expand(walk.queue.popleft(), budget)
        except (StoppedError, LimitError):
            return None
        return [place.bits.tobytes() for place in walk.places]

    def _print(self, bits: Bool[np.ndarray, " units"]) -> tuple[Any, ...]:
        """Remainders of the map of a pattern."""
        kinks = bits[None, self._rows.units]
        return tuple(
            tuple(remainders.outputs(kinks, one)[0].tolist())
            for remainders, (one, _) in zip(self._remainders, self._points, strict=True)
        )

    def _place(self, bits: Bool[np.ndarray, " units"]) -> Place:
        """The region of a pattern, with a point that is proved inside."""
        A, b, error = self._rows.batch(bits[None])
        points, _, _ = small_batch_balls(A, b, DEEP)
        points = np.where(np.isfinite(points), points, 0.0)
        if prove_witness_batch(A, b, points, row_error=error)[0]:
            return Place(bits, points[0])
        table = [row for row in self._rows.integers(bits) if any(row[:-1])]
        exact = interior([row[:-1] for row in table], [row[-1] for row in table])
        assert exact.witness is not None
        rounded = np.array([nearest_float(v) for v in exact.witness])
        return Place(bits, rounded, exact.witness)


def require_flat_sides(domain: Domain) -> None:
    """Raise ValueError for a ball of the norm 2, through which no walk goes."""
    if isinstance(domain, Ball) and domain.squared_radius is not None:
        raise ValueError(
            "`linear` is set and the domain is a ball of the norm 2: a domain with "
            "flat sides is required, such as a box; leave `linear` out for balls."
        )


def _ratios(
    here: Float64[np.ndarray, " units"],
    there: Float64[np.ndarray, " units"],
    modulus: int,
) -> list[int]:
    """Quotients of values modulo a prime: equal for forms that are multiples."""
    pairs = zip(here.astype(int).tolist(), there.astype(int).tolist(), strict=True)
    return [a * pow(b, -1, modulus) % modulus if b else -1 for a, b in pairs]


def _reduced(network: ReluNetwork, domain: Domain) -> tuple[ReluNetwork, Domain]:
    """Without inputs of the whole space that only add to the work.

    Where the first layer maps it onto the space of its pre-activations, the regions are
    those there, and maps are equal if and only if they are equal there.
    """
    first, *rest = network.layers
    if (
        not isinstance(domain, WholeSpace)
        or not rest
        or first.width >= network.input_dim
        or not reads_once(network.layers)
        or not has_independent_rows(first.weight)
    ):
        return network, domain
    own = Layer(np.eye(first.width), np.zeros(first.width), first.slopes)
    return ReluNetwork((own, *rest[:-1]), rest[-1]), WholeSpace(first.width)
