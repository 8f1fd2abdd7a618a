"""Completeness by exact volume: distinct regions that fill the domain are all."""

from fractions import Fraction

import numpy as np
from flint import fmpq
from jaxtyping import Bool

from regions.certificates.checks import Check
from regions.certificates.clipping import Facet, exact_sum, oriented, signed_volume
from regions.certificates.exact_polytopes import ExactPolytopes
from regions.certificates.integer_forms import Row, SignedRows, value
from regions.certificates.watch import Watch
from regions.domains.shapes import BoundedDomain


class VolumeProof:
    """Adds up the exact volumes of polytopes, given one by one.

    A volume is a sum over oriented facets (divergence theorem), and a facet that two
    regions share is seen once from either side. Such pairs cancel when they meet, so
    that only the rest is added up: the boundary of the union.
    """

    def __init__(self, domain: BoundedDomain, watch: Watch):
        self._watch, self._polytopes = watch, ExactPolytopes(domain, watch)
        self._open: dict[Facet, tuple[int, int]] = {}
        self._doubled: list[tuple[Facet, int, int]] = []

    def add(
        self, region: int, bits: Bool[np.ndarray, " bits"], rows: SignedRows, point: Row
    ) -> None:
        """Clip the domain by a region's rows and take in its facets."""
        del point
        for index, facet in enumerate(self._polytopes.of(bits, rows)):
            self._take(region, *oriented(facet, index))

    def _take(self, region: int, name: Facet, side: int) -> None:
        """Cancel a facet against the other side of it, or keep it."""
        other = self._open.get(name)
        if other is None:
            self._open[name] = (side, region)
        elif other[0] == -side:
            del self._open[name]
        else:
            self._doubled.append((name, side, region))

    def finish(self, claims_complete: bool) -> Check:
        """Compare the sum with the domain's volume."""
        left = [(name, side) for name, (side, _) in self._open.items()]
        left += [(name, side) for name, side, _ in self._doubled]
        total = exact_sum(self._volume(name) * side for name, side in left)
        whole = (oriented(facet, k) for k, facet in enumerate(self._polytopes.domain))
        expected = exact_sum(self._volume(name) * side for name, side in whole)
        volume = fmpq_ratio(expected.p, expected.q)
        name = "completeness"
        if total == expected:
            return Check(name, True, f"the exact volumes sum to exactly {volume}")
        share = float(Fraction(int(total.p), int(total.q)) / volume)
        text = f"the exact volumes sum to {share:.12g} of the domain's"
        if total > expected or self._doubled:
            return Check(name, False, f"{text}: regions overlap")
        if not claims_complete:
            return Check(name, None, f"{text}; the set does not claim to be complete")
        return Check(name, False, f"{text}: {self._hole()}")

    def _volume(self, name: Facet) -> fmpq:
        """What a facet adds to the volume."""
        self._watch.ask()
        return signed_volume(name)

    def _hole(self) -> str:
        """Where something is missing: a facet inside the domain with one side only."""
        inner = [
            (region, name)
            for name, (_, region) in self._open.items()
            if not any(
                all(not value(w, v) for v in name) for w in self._polytopes.walls
            )
        ]
        if not inner:
            return "regions are missing"
        region, name = min(inner, key=lambda entry: entry[0])
        corners = [[float(fmpq_ratio(x, v[-1])) for x in v[:-1]] for v in name]
        middle = np.mean(corners, axis=0).tolist()
        return (
            f"a region is missing across the facet of region {region} around {middle} "
            f"({len(inner)} facets have no region beyond them)"
        )


def fmpq_ratio(top: object, bottom: object) -> Fraction:
    """A quotient of two integers as a fraction."""
    return Fraction(int(top), int(bottom))  # pyright: ignore[reportArgumentType]
