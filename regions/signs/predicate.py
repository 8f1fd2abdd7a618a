"""The filtered predicate: which sign has every unit at given points, proved.

Approximate, ask whether the answer is certain, and go on only where it is not:

1. float64 with bounds of its errors (`float_bounds`) decides nearly all points;
2. errors carried as zonotopes (`zonotope_bounds`) decide in deep networks;
3. rational arithmetic (`exact`) decides the rest, ties among them.


The rule for ties stands here alone. A unit that vanishes at a point is off there. It
makes no boundary there if it vanishes all around, which is so if its affine form is
zero while all units that vanish are taken as off: layer after layer, none of them then
changes its sign nearby. The first of them that has a gradient bends those after it, but
is a boundary by itself.
"""

import functools
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int64, UInt32

from regions.domains.shapes import Domain
from regions.errors.limits import check
from regions.network import ReluNetwork
from regions.patterns.packing import unpack_layers
from regions.signs.exact import Columns, ExactNetwork
from regions.signs.float_bounds import PointBounds
from regions.signs.rounding import are_on
from regions.signs.zonotope_bounds import ZonotopeBounds

BATCH_NUMBERS = 2**20
"""Pre-activations held at a time."""
ZONOTOPE_BATCH = 64
EXACT_BATCH = 256

RationalPoint = Sequence[Fraction]


class Signs(NamedTuple):
    """Signs of all hidden units at some points.

    Attributes:
        sign: -1, 0 or 1, exactly, of the pre-activation of each unit with a kink; of
            the others as computed. Units count layer by layer: `(points, units)`.
        strict: Whether each point lies inside an activation region and on no boundary:
            every unit with a kink is nonzero there, or zero all around.
    """

    sign: Int8[np.ndarray, "points units"]
    strict: Bool[np.ndarray, " points"]

    @property
    def on(self) -> Bool[np.ndarray, "points units"]:
        """Which units are on at each point; a tie counts as off."""
        return are_on(self.sign)


def signs(
    network: ReluNetwork,
    domain: Domain,
    points: Float64[np.ndarray, "points dim"] | Sequence[RationalPoint],
) -> Signs:
    """Signs of all hidden units at points, and whether the points are on no boundary.

    Args:
        network: The network.
        domain: In whose chart the points are, and around them: `WholeSpace` for points
            of the input space. Whether they lie in the domain is not asked.
        points: float64 or rational points, in chart coordinates.

    Example:
        >>> from regions.domains.shapes import WholeSpace
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> signs(net, WholeSpace(2), np.array([[0.5, -1.0], [0.0, 3.0]]))
        Signs(sign=array([[ 1, -1],
               [ 0,  1]], dtype=int8), strict=array([ True, False]))
    """
    return Predicate(network, domain).signs(points)


class Predicate:
    """The predicate for one network and domain; keeps what the rungs share."""

    def __init__(self, network: ReluNetwork, domain: Domain):
        self._network, self._domain = network, domain
        self._bounds = PointBounds(network, domain)
        self._sharper = ZonotopeBounds(network, domain)
        self._kinks = network.kinks
        self._vanishing: dict[bytes, bool] = {}
        self._batch = max(1, BATCH_NUMBERS // max([1, domain.dim, *network.widths]))

    @functools.cached_property
    def _exact(self) -> ExactNetwork:
        """The last rung; most calls never reach it."""
        return ExactNetwork(self._network, self._domain)

    def signs(
        self, points: Float64[np.ndarray, "points dim"] | Sequence[RationalPoint]
    ) -> Signs:
        """What the function `signs` gives."""
        if not isinstance(points, np.ndarray):
            return self._exact_signs(points)
        sign = np.zeros((len(points), len(self._kinks)), np.int8)
        strict = np.zeros(len(points), bool)
        for start in range(0, len(points), self._batch):
            check()
            part = slice(start, start + self._batch)
            words, strict[part] = self._filter(points[part], None)
            sign[part] = np.where(self._unpack(words), 1, -1)
        left = np.flatnonzero(~strict)
        for first in range(0, len(left), EXACT_BATCH):
            few = left[first : first + EXACT_BATCH]
            sign[few], strict[few] = self._exact_signs(points[few])
        return Signs(sign, strict)

    def agree(
        self,
        points: Float64[np.ndarray, "points dim"],
        claimed: UInt32[np.ndarray, "points words"],
        most_exact: int | None = None,
    ) -> Bool[np.ndarray, " points"]:
        """Which points are on no boundary and have the claimed signs.

        Args:
            points: The points; one that is not finite has no signs.
            claimed: Signs of all units as words, layer by layer (`sign_words`).
            most_exact: For so many points, at most, rational arithmetic decides; the
                others that the bounds leave open do not count as agreeing.
        """
        result = np.zeros(len(points), bool)
        for start in range(0, len(points), self._batch):
            part = slice(start, start + self._batch)
            _, result[part] = self._filter(points[part], claimed[part])
        open_ = np.flatnonzero(~result & np.isfinite(points).all(1))[:most_exact]
        for first in range(0, len(open_), EXACT_BATCH):
            few = open_[first : first + EXACT_BATCH]
            found = self._exact_signs(points[few])
            same = (found.on == self._unpack(claimed[few])) | ~self._kinks
            result[few] = found.strict & same.all(1)
        return result

    def _unpack(
        self, words: UInt32[np.ndarray, "points words"]
    ) -> Bool[np.ndarray, "points units"]:
        """Sign words as one bool per unit."""
        return unpack_layers(words, self._network.widths)

    def _filter(
        self,
        points: Float64[np.ndarray, "points dim"],
        claimed: UInt32[np.ndarray, "points words"] | None,
    ) -> tuple[UInt32[np.ndarray, "points words"], Bool[np.ndarray, " points"]]:
        """The first two rungs: signs, and where they are proved to be none but these.

        Without claims, those that float64 computes.
        """
        words, proved, tied = self._bounds.signs_at(points)
        if claimed is not None:
            proved &= self._bounds.same_signs(words, claimed)
            words = claimed
        if self._sharper.available:
            # What is computed to be zero mostly is, and no bound can tell.
            left = np.flatnonzero(~proved & ~tied & np.isfinite(points).all(1))
            for first in range(0, len(left), ZONOTOPE_BATCH):
                few = left[first : first + ZONOTOPE_BATCH]
                bits = self._unpack(words[few])
                proved[few] = self._sharper.prove(points[few], bits)
        return words, proved

    def _exact_signs(
        self, points: Float64[np.ndarray, "points dim"] | Sequence[RationalPoint]
    ) -> Signs:
        """The last rung, and the rule for ties."""
        if isinstance(points, np.ndarray):
            columns = Columns.of_floats(points)
        elif len(points):
            columns = Columns.of_points(points)
        else:
            return Signs(np.zeros((0, len(self._kinks)), np.int8), np.zeros(0, bool))
        sign = self._exact.signs(columns).T
        strict = ((sign != 0) | ~self._kinks).all(1)
        for k in np.flatnonzero(~strict).tolist():
            strict[k] = self._vanish_around(sign[k])
        return Signs(sign, strict)

    def _vanish_around(self, sign: Int8[np.ndarray, " units"]) -> bool:
        """Whether the units that vanish at a point with these signs do so all around.

        It depends on the point through the signs alone.
        """
        key = sign.tobytes()
        if key not in self._vanishing:
            layers = len(self._network.hidden)
            forms = self._exact.affine_forms(are_on(sign), layers=layers)
            tied: Int64[np.ndarray, " some"] = np.flatnonzero((sign == 0) & self._kinks)
            self._vanishing[key] = not any(any(forms[u]) for u in tied.tolist())
        return self._vanishing[key]
