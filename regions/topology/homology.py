"""Betti numbers of open and closed sets of faces of a convex domain.

The number of components comes from a graph, and that of cavities by Alexander duality
from the components of the rest: an open set of the plane or of space is told by these
and by its Euler characteristic. From four dimensions on boundary matrices are reduced
over the field of two elements, and both of these numbers are checked against it.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from regions.topology.chains import (
    betti_by_reduction,
    closed_chains,
    open_chains,
)
from regions.topology.faces import FaceComplex

Mask = list[Bool[np.ndarray, " _"]]
"""Which faces of each dimension belong to a set."""


class Parts(NamedTuple):
    """Connected components.

    Attributes:
        number: How many there are.
        label: Component of each face of the dimension that was asked; -1 of others.
    """

    number: int
    label: Int[np.ndarray, " _"]


def euler_characteristic(complex_: FaceComplex, inside: Mask, *, closed: bool) -> int:
    """Alternating sum of the numbers of faces; of an open set, of their dual blocks."""
    if closed:
        return sum((-1) ** k * int(mask.sum()) for k, mask in enumerate(inside))
    kept = [mask & ~outer for mask, outer in zip(inside, complex_.outer, strict=True)]
    return sum((-1) ** k * int(mask.sum()) for k, mask in enumerate(kept[::-1]))


def open_parts(complex_: FaceComplex, inside: Mask) -> Parts:
    """Components of an open set, by its regions, which its facets join."""
    return _joined(_across(complex_, inside[-2] & ~complex_.outer[-2]), inside[-1])


def closed_parts(complex_: FaceComplex, inside: Mask) -> Parts:
    """Components of a closed set, by its vertices: they are joined by its edges."""
    edges = complex_.members[1].take(np.flatnonzero(inside[1]))
    return _joined(edges.items.reshape(-1, 2), inside[0])


def _across(
    complex_: FaceComplex, facets: Bool[np.ndarray, " facets"]
) -> Int[np.ndarray, "some 2"]:
    """The two regions of some facets in the interior."""
    regions = complex_.boundaries[-1]
    mine = np.flatnonzero(facets[regions.items])
    order = np.argsort(regions.items[mine], kind="stable")
    return regions.owner[mine][order].reshape(-1, 2)


def _joined(
    pairs: Int[np.ndarray, "pairs 2"], nodes: Bool[np.ndarray, " all"]
) -> Parts:
    """Components of a graph on some of the nodes."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(nodes)
    ones = np.ones(len(pairs), np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), (size, size))
    label = np.where(nodes, connected_components(graph, directed=False)[1], -1)
    names, number = np.unique(label[nodes], return_inverse=True)
    result = np.full(size, -1)
    result[nodes] = number
    return Parts(len(names), result)


def reaching_out(complex_: FaceComplex, inside: Mask) -> Bool[np.ndarray, " regions"]:
    """Regions with a facet in the domain's boundary that belongs to an open set too."""
    outer = inside[-2] & complex_.outer[-2]
    return inside[-1] & complex_.boundaries[-1].any_in(outer)


def betti_numbers_of(
    complex_: FaceComplex,
    inside: Mask,
    *,
    closed: bool,
) -> tuple[int, ...]:
    """Betti numbers b_0 to b_(d-1) of a set of faces.

    Args:
        complex_: The complex of a convex domain.
        inside: The faces of the set.
        closed: Whether it holds all faces of its faces; else, it must hold all faces
            around its faces.
    """
    dim = complex_.dim
    first = (closed_parts if closed else open_parts)(complex_, inside).number
    last = _cavities(complex_, inside, closed=closed)
    euler = euler_characteristic(complex_, inside, closed=closed)
    if dim == 2:
        assert first - last == euler
        return first, last
    if dim == 3:
        return first, first + last - euler, last
    make = closed_chains if closed else open_chains
    betti = betti_by_reduction(make(complex_, inside))
    assert betti[0] == first
    assert betti[dim - 1] == last
    assert betti[dim] == 0
    return betti[:dim]


def _cavities(complex_: FaceComplex, inside: Mask, *, closed: bool) -> int:
    """The last Betti number, by the components of the rest.

    For a closed set, those components of the rest that do not reach the domain's
    boundary. For an open one, those that meet it nowhere: the boundary is one of them.
    """
    rest = [~mask for mask in inside]
    if closed:
        parts = open_parts(complex_, rest)
        out = reaching_out(complex_, rest)
        return parts.number - len(np.unique(parts.label[out]))
    with_boundary = [a | b for a, b in zip(rest, complex_.outer, strict=True)]
    parts = closed_parts(complex_, with_boundary)
    return parts.number - 1 if inside[-1].any() else 0
