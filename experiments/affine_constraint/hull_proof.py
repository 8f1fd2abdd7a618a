"""Proof that a network is one affine map on a convex polygon."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

import regions
from experiments.measures.unit_square import enumerate_all
from regions.signs.exact import Columns, ExactNetwork

SAMPLES = 2000
"""Random points of the polygon at which outputs are compared in float64."""


class HullReport(NamedTuple):
    """What was found on a polygon.

    Attributes:
        patterns: Activation regions that meet its interior, counted exactly.
        verified: Whether the lists of regions were confirmed by the checker, in
            rational arithmetic and with none of the enumerator's code.
        deviation: Largest difference of the outputs from the affine map through three
            vertices, at random points, in float64.
        exact: Whether outputs at random rational points equal that map, as rationals.
    """

    patterns: int
    verified: bool
    deviation: float
    exact: bool


def triangles(
    vertices: Float64[np.ndarray, "vertices 2"],
) -> list[regions.Simplex]:
    """A convex polygon, its vertices in order, as triangles that share one vertex."""
    return [
        regions.Simplex(vertices[[0, i, i + 1]]) for i in range(1, len(vertices) - 1)
    ]


def examine_hull(
    network: regions.ReluNetwork,
    vertices: Float64[np.ndarray, "vertices 2"],
    rng: np.random.Generator,
) -> HullReport:
    """Count the activation regions on a polygon and compare with one affine map.

    A diagonal between two triangles lies in the interior of the polygon, so a region
    that meets the polygon's interior meets that of some triangle: it is open.

    Args:
        network: A network of two inputs.
        vertices: Vertices of the polygon, in order, `(vertices, 2)`.
        rng: Draws the points at which outputs are compared.
    """
    found = [enumerate_all(network, part) for part in triangles(vertices)]
    patterns = np.unique(np.concatenate([one.patterns for one in found]), axis=0)
    weights = rng.dirichlet(np.ones(len(vertices)), SAMPLES)
    points = weights @ vertices
    return HullReport(
        patterns=len(patterns),
        verified=all(_confirmed(one) for one in found),
        deviation=_deviation(network, vertices, points),
        exact=bool(affine_in_rationals(network, vertices, points[:50]).all()),
    )


def _confirmed(found: regions.RegionSet) -> bool:
    """Whether the checker confirms a list, and that none is missing."""
    report = regions.verify(found, exact=True)
    return report.ok and report.complete


def _deviation(
    network: regions.ReluNetwork, vertices: np.ndarray, points: np.ndarray
) -> float:
    """Largest distance from the affine map through the first three vertices."""
    corner, *others = vertices[:3]
    edges = np.stack([other - corner for other in others])
    values = network(vertices[:3])
    slopes = np.linalg.solve(edges, values[1:] - values[0])
    return float(np.abs(network(points) - values[0] - (points - corner) @ slopes).max())


def affine_in_rationals(
    network: regions.ReluNetwork,
    vertices: Float64[np.ndarray, "vertices 2"],
    points: Float64[np.ndarray, "points 2"],
) -> Bool[np.ndarray, " points"]:
    """Whether outputs equal the affine map through three vertices, without rounding."""
    values = _exact_outputs(network, np.concatenate([vertices[:3], points]))
    corners = [[Fraction(float(v)) for v in vertex] for vertex in vertices[:3]]
    (ax, ay), (bx, by) = (
        [other[i] - corners[0][i] for i in range(2)] for other in corners[1:]
    )
    determinant = ax * by - ay * bx
    result = []
    for point, value in zip(points, values[3:], strict=True):
        x, y = (Fraction(float(v)) - c for v, c in zip(point, corners[0], strict=True))
        first = (x * by - y * bx) / determinant
        second = (ax * y - ay * x) / determinant
        result.append(
            all(
                v == a + first * (b - a) + second * (c - a)
                for v, a, b, c in zip(value, *values[:3], strict=True)
            )
        )
    return np.array(result)


def _exact_outputs(
    network: regions.ReluNetwork, points: np.ndarray
) -> list[list[Fraction]]:
    """Outputs at float64 points as rational numbers, one list a point."""
    columns = Columns.of_floats(points)
    exact = ExactNetwork(network, regions.WholeSpace(network.input_dim))
    numerators, scales = exact.forward(columns)
    return [
        [
            Fraction(row[p], scales[-1][p] * columns.denominators[p])
            for row in numerators[-1]
        ]
        for p in range(len(points))
    ]
