"""Betti numbers of shapes whose topology is known, built of maxima and minima."""

import functools
import itertools

import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.topology.chains import betti_by_reduction, closed_chains
from regions.topology.topology import Topology, topology_of
from tests.regions.topology.shapes import (
    Form,
    axes,
    cube,
    largest,
    network,
    size,
    smallest,
)


def ring(*at: Form) -> Form:
    """Positive near the square of half-width 2 in the plane of the first two."""
    return -largest(size(cube(*at[:2]) - 2.0), *map(size, at[2:])) + 0.5


def shell(*at: Form, radius: float = 2.0) -> Form:
    """Positive near the surface of a cube."""
    return -size(cube(*at) - radius) + 0.25


def ball(*at: Form, center: tuple[float, ...], radius: float = 0.75) -> Form:
    """Positive in a cube."""
    moved = (a - c for a, c in zip(at, center, strict=True))
    return -cube(*moved) + radius


x, y = axes(2)
X, Y, Z = axes(3)
P, Q, R, S = axes(4)
corners_2 = list(itertools.product([-1.0, 1.0], repeat=2))
spots = [ball(x, y, center=c) for c in corners_2]
handle = largest(ring(X, Y, Z), ring(X - 4.5, Y, Z))
frame = smallest(
    -cube(X, Y, Z) + 2.0, *(cube(a, b) - 1.0 for a, b in ((X, Y), (Y, Z), (X, Z)))
)

SHAPES = {
    # name: (function, Betti numbers of where it is positive, of its boundary)
    "nothing": (-cube(x, y) - 1.0, (0, 0), (0, 0)),
    "disc": (ball(x, y, center=(0, 0)), (1, 0), (1, 1)),
    "annulus": (shell(x, y), (1, 1), (2, 2)),
    "four discs": (largest(*spots), (4, 0), (4, 4)),
    "disc with four holes": (smallest(-cube(x, y) + 3.0, *(-s for s in spots)),
                             (1, 4), (5, 5)),
    "discs in annuli": (largest(ball(x, y, center=(0, 0), radius=0.25),
                                *(shell(x, y, radius=r) for r in (1.0, 2.0, 3.0))),
                        (4, 3), (7, 7)),
    "figure eight": (largest(shell(x - 1.5, y, radius=1.5),
                             shell(x + 1.5, y, radius=1.5)), (1, 2), (3, 3)),
    "checkerboard": (largest(smallest(x, y), smallest(-x, -y)), (2, 0), (1, 0)),
    "punctured plane": (cube(x, y), (1, 1), (1, 0)),
    "slit": (largest(size(x) - 1.0, size(y)), (1, 1), (1, 0)),
    "ball": (ball(X, Y, Z, center=(0, 0, 0)), (1, 0, 0), (1, 0, 1)),
    "two balls": (largest(ball(X, Y, Z, center=(1, 1, 1)),
                          ball(X, Y, Z, center=(-1, -1, -1))), (2, 0, 0), (2, 0, 2)),
    "torus": (ring(X, Y, Z), (1, 1, 0), (1, 2, 1)),
    "shell": (shell(X, Y, Z), (1, 0, 1), (2, 0, 2)),
    "nested spheres": (largest(*(shell(X, Y, Z, radius=r) for r in (1.0, 2.0, 3.0))),
                       (3, 0, 3), (6, 0, 6)),
    "linked tori": (largest(ring(X - 1.0, Y, Z), ring(X + 1.0, Z, Y)),
                    (2, 2, 0), (2, 4, 2)),
    "unlinked tori": (largest(ring(X, Y, Z - 1.0), ring(X, Y, Z + 1.0)),
                      (2, 2, 0), (2, 4, 2)),
    "genus two": (handle, (1, 2, 0), (1, 4, 1)),
    "frame of a cube": (frame, (1, 5, 0), (1, 10, 1)),
    "torus around a ball": (largest(ring(X, Y, Z), ball(X, Y, Z, center=(0, 0, 0))),
                            (2, 1, 0), (2, 2, 2)),
    "punctured space": (cube(X, Y, Z), (1, 0, 1), (1, 0, 0)),
    "space without a line": (cube(X, Y), (1, 1, 0), (1, 0, 0)),
    "sphere times disc": (-largest(size(cube(P, Q, R) - 2.0), size(S)) + 0.5,
                          (1, 0, 1, 0), (1, 1, 1, 1)),
    "torus times disc": (-cube(cube(P, Q) - 2.0, cube(R, S) - 2.0) + 0.5,
                         (1, 2, 1, 0), (1, 3, 3, 1)),
}  # fmt: skip


@functools.cache
def found(name: str, of: str) -> Topology:
    """What was computed, to be looked at by several tests."""
    form = SHAPES[name][0]
    half = 4.0 if len(form.inputs) < 4 else 3.0
    half += 4.0 * (name == "genus two")
    return topology_of(network(form), Box.cube(len(form.inputs), half), of)


@pytest.mark.parametrize("name", SHAPES)
def test_betti_numbers(name: str):
    _, betti, boundary = SHAPES[name]
    above = found(name, "output > 0")
    assert above.betti == betti
    assert len(above.components) == betti[0]
    assert found(name, "boundary").betti == boundary


@pytest.mark.parametrize("name", SHAPES)
def test_components_and_cavities_are_those_of_the_boundary_matrices(name: str):
    """Up to three dimensions Betti numbers come from graphs and from duality."""
    for of in ("output > 0", "boundary"):
        case = found(name, of)
        betti = betti_by_reduction(case.chains())
        assert betti == (*case.betti, 0)
        euler = sum((-1) ** k * b for k, b in enumerate(betti))
        assert euler == case.euler_characteristic


@pytest.mark.parametrize("name", [n for n in SHAPES if n != "nothing"])
def test_alexander_duality(name: str):
    """Reduced b_k of an open set is b_(d-1-k) of the rest of a sphere.

    The sphere is the domain with its boundary shrunk to a point: chains of the rest are
    its faces off the boundary.
    """
    above = found(name, "output > 0")
    masks = zip(above.inside, above.complex.outer, strict=True)
    rest = closed_chains(above.complex, [~inside & ~outer for inside, outer in masks])
    reduced = [above.betti[0] - 1, *above.betti[1:]]
    assert betti_by_reduction(rest) == (*reversed(reduced), 0)


@pytest.mark.parametrize("name", [n for n in SHAPES if SHAPES[n][1][1]])
def test_cycles_lie_in_the_set(name: str):
    form, betti, _ = SHAPES[name]
    if len(form.inputs) == 4:
        return
    above = found(name, "output > 0")
    holes = above.holes()
    assert len(holes) == betti[1]
    for hole in holes:
        along = np.concatenate(
            [hole.loop, (hole.loop + np.roll(hole.loop, 1, axis=0)) / 2.0]
        )
        assert (network(form)(along) > 0.0).all()
