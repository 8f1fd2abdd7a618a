"""What pulls a crease to a place: the gradient of the loss in its offset.

A unit adds a s(|w| (u . x - t)) to the output, s(z) = max(z, 0) + slope min(z, 0), with
a direction u of length 1. Let r be the output less the target. As only the unit depends
on the offset t of its crease, the mean squared error E r^2 has the derivative

    dE/dt = -2 a |w| E[r s'],    s' = 1 beyond the crease and the slope before it.

A crease is drawn by the residual that lies beyond it. It rests where that is balanced,
and what holds it there is the second derivative. Moving the crease by dt takes a strip
of the plane from one side to the other, and the unit's own part of r moves with it:

    d2E/dt2 = 2 a |w| (1 - slope) R(t) + 2 (a |w|)^2 E[s'^2],

where R(t) is the integral of r along the crease (its Radon transform). The second term
is never negative. The first is positive where a and R have one sign: along ridges
(a < 0) on which the output is too low, and valleys on which it is too high.

Of a network that draws a soft edge around a disc the output is too high just inside the
edge and too low just outside. A line has the longest part in a thin ring around the
disc if it is tangent to the disc; lines that cut the disc run through the inner ring,
too. So R is lowest for tangents just outside the disc: ridges are held there, whatever
their direction.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64

from experiments.bundling.creases import Creases
from regions.network import ReluNetwork

STRIP = 0.02
"""Width of the strips, in sides of the square, whose mean is taken for a line's."""

DIRECTIONS = 64
"""Directions over which integrals along lines are averaged."""


def offset_gradients(
    network: ReluNetwork,
    inputs: Float[np.ndarray, "points 2"],
    targets: Float[np.ndarray, "points 1"],
) -> Float64[np.ndarray, " units"]:
    """Derivative of the mean squared error in the offset of each unit's crease.

    Its direction and its |w| stay: the formula of this module, for a network of one
    hidden layer, whose slopes are its own.
    """
    hidden, output = network.layers
    residual = network(inputs) - targets
    beyond = inputs @ hidden.weight.T + hidden.bias > 0.0
    means = (residual * np.where(beyond, 1.0, hidden.slopes)).mean(axis=0)
    return -2.0 * output.weight[0] * np.linalg.norm(hidden.weight, axis=1) * means


def first_gradient(
    offsets: Float64[np.ndarray, " offsets"],
    *,
    weight: float,
    norm: float,
    constant: float,
    radius: float,
) -> Float64[np.ndarray, " offsets"]:
    """The same in closed form, of one ReLU unit in the continuous square.

    The target is 0 in a disc around the center of the square and 1 around it, the
    output is a constant and the unit, and the crease is vertical.

    Args:
        offsets: Of the crease from the center, from 0 to a half.
        weight: Of the unit in the output, a.
        norm: Of the unit's weights, |w|.
        constant: Bias of the output.
        radius: Of the disc.
    """
    ratio = np.clip(offsets / radius, 0.0, 1.0)
    segment = radius**2 * (np.arccos(ratio) - ratio * np.sqrt(1.0 - ratio**2))
    beyond = 0.5 - offsets
    # Of constant less target, then of the unit itself.
    residual = (constant - 1.0) * beyond + segment + weight * norm * beyond**2 / 2.0
    return -2.0 * weight * norm * residual


class Pull(NamedTuple):
    """The residual of a network along lines.

    Attributes:
        lines: Its integral along a line, mean over directions, by distance.
        deepest: Distance from the center of the lines along which it is lowest.
        held: Share of the creases along which it has the sign that holds them.
    """

    lines: Float64[np.ndarray, " distances"]
    deepest: float
    held: float


def measure_pull(
    creases: Creases,
    residual: Float64[np.ndarray, " points"],
    points: Float[np.ndarray, "points 2"],
) -> Pull:
    """Integrals of a residual along lines and along creases.

    Args:
        creases: Those that meet the square.
        residual: Output less target at the points.
        points: A lattice that fills the square of side 1 around 0 evenly.
    """
    edges = distances_of_lines()
    angles = 2.0 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    lines = np.mean(
        [
            np.histogram(points @ [np.cos(a), np.sin(a)], edges, weights=residual)[0]
            for a in angles
        ],
        axis=0,
    ) / (len(points) * STRIP)
    normals = np.pi * creases.turns
    away = points @ np.stack([np.cos(normals), np.sin(normals)]) - creases.offsets
    along = residual @ (np.abs(away) < STRIP / 2.0)
    return Pull(
        lines,
        float(edges[np.argmin(lines)] + STRIP / 2.0),
        float((np.where(creases.ridges, -along, along) > 0.0).mean()),
    )


def distances_of_lines() -> Float64[np.ndarray, " edges"]:
    """Edges of the strips, from the center to the middle of a side."""
    return np.round(np.arange(0.0, 0.5 + STRIP / 2.0, STRIP), 6)
