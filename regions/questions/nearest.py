"""The point of a polytope nearest to another, exactly.

Wolfe's method: corners are taken in one by one, and the nearest point of their affine
hull is pulled back to their convex hull (P. Wolfe, Mathematical Programming 11, 1976).
In rational arithmetic it ends after finitely many steps, at the exact answer.
"""

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat

from regions.signs.exact import dot, to_fmpq, to_fraction

Point = Sequence[Fraction]


def nearest_in_hull(
    corners: Sequence[Point], center: Point
) -> tuple[tuple[Fraction, ...], Fraction]:
    """The nearest point of the convex hull of some corners, and its squared distance.

    Example:
        >>> corners = [[Fraction(1), Fraction(-1)], [Fraction(1), Fraction(2)]]
        >>> nearest_in_hull(corners, [Fraction(0), Fraction(0)])
        ((Fraction(1, 1), Fraction(0, 1)), Fraction(1, 1))
    """
    moved = [
        [to_fmpq(v - c) for v, c in zip(corner, center, strict=True)]
        for corner in corners
    ]
    chosen = [min(range(len(moved)), key=lambda k: dot(moved[k], moved[k]))]
    weights = [fmpq(1)]
    while True:
        x = _mixed(moved, chosen, weights)
        size = dot(x, x)
        nearest = min(range(len(moved)), key=lambda k: dot(x, moved[k]))
        # No corner lies beyond the plane through x across its direction: x is it.
        if dot(x, moved[nearest]) >= size:
            point = tuple(to_fraction(v) + c for v, c in zip(x, center, strict=True))
            return point, to_fraction(size)
        chosen.append(nearest)
        weights.append(fmpq(0))
        chosen, weights = _pulled_back(moved, chosen, weights)


def _pulled_back(
    moved: list[list[fmpq]], chosen: list[int], weights: list[fmpq]
) -> tuple[list[int], list[fmpq]]:
    """Corners and weights of the nearest point, as far as the hull of them allows."""
    while True:
        target = _affine_minimum([moved[k] for k in chosen])
        if all(v > 0 for v in target):
            return chosen, target
        steps = [
            w / (w - t)
            for w, t in zip(weights, target, strict=True)
            if t <= 0 and w > t
        ]
        step = min(steps, default=fmpq(0))
        weights = [w + step * (t - w) for w, t in zip(weights, target, strict=True)]
        kept = [k for k, w in enumerate(weights) if w > 0]
        chosen, weights = [chosen[k] for k in kept], [weights[k] for k in kept]


def _affine_minimum(points: list[list[fmpq]]) -> list[fmpq]:
    """Weights, summing to 1, of the point of an affine hull that is nearest to 0."""
    size = len(points)
    rows = [[fmpq(0), *[fmpq(1)] * size]]
    rows += [[fmpq(1), *(dot(p, q) for q in points)] for p in points]
    right = fmpq_mat(size + 1, 1, [fmpq(1), *[fmpq(0)] * size])
    return fmpq_mat(rows).solve(right).entries()[1:]


def _mixed(
    moved: list[list[fmpq]], chosen: list[int], weights: list[fmpq]
) -> list[fmpq]:
    """The weighted sum of the corners chosen."""
    columns = zip(*(moved[k] for k in chosen), strict=True)
    return [dot(weights, column) for column in columns]
