"""Inputs that lie at the border of another class: of radius 0, in any norm."""

from itertools import chain

from regions.questions.answer import Point
from regions.signs.exact import Columns, ExactNetwork


def begins_at_once(
    exact: ExactNetwork, center: Point, point: Point, label: int
) -> bool:
    """Whether another output exceeds that of a class all the way from a center.

    It does where both are equal at the center, it is larger at a point, and no unit has
    both signs between: then outputs are affine on the way.

    Example:
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([[[1.0]], [[0.0], [1.0]]], None)
        >>> from fractions import Fraction
        >>> from regions.domains.shapes import WholeSpace
        >>> exact = ExactNetwork(net, WholeSpace(1))
        >>> zero, one = Fraction(0), Fraction(1)
        >>> begins_at_once(exact, (zero,), (one,), 0)
        True
        >>> begins_at_once(exact, (-one,), (one,), 0)
        False
    """
    (*hidden, outputs), _ = exact.forward(Columns.of_points([center, point]))
    rows = zip(chain(*hidden), exact.network.kinks.tolist(), strict=True)
    if any(has_kink and near * far < 0 for (near, far), has_kink in rows):
        return False
    own = outputs[label]
    return any(near == own[0] and far > own[1] for near, far in outputs)
