"""Whether leaves fill a domain, from their corners and facets alone.

A leaf is a polytope: where some forms (rows of the domain, units) have their signs. Say
as many forms vanish at each of its corners as it has dimensions, never the same ones,
and all but any one of these vanish at exactly one other corner, where that does not.
Then these forms are independent, each corner is a vertex of the polytope, and each edge
from it leads to a corner: these are all vertices, since edges connect them. Each form
that vanishes at a corner has a facet there. If each facet of each leaf lies in the
border of the domain or is one of exactly one other leaf, then nothing is missing: a way
inside the domain that leaves them would cross a facet, behind which another leaf lies.

Where more forms vanish at a corner, this tells nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

Indices = tuple[int, ...]


def fill_face_to_face(
    leaves: Iterable[tuple[Indices, Sequence[int]]], dim: int, walls: int
) -> bool:
    """Whether leaves that do not overlap fill a domain; False if that does not tell.

    Args:
        leaves: Of each the numbers of its corners, sorted, and the forms that vanish at
            each of them, one bit each. A form is affine on the leaf, and has one sign.
        dim: The dimension.
        walls: So many forms, the first ones, are rows of the domain.

    Example:
        >>> left, right = ((0, 1, 2), [5, 6, 3]), ((0, 1, 3), [5, 6, 3])
        >>> fill_face_to_face([left, right], 2, 2), fill_face_to_face([left], 2, 2)
        (True, False)
    """
    inner, border, met = Counter[Indices](), (1 << walls) - 1, False
    for corners, zeros in leaves:
        facets, met = _facets(corners, zeros, dim), True
        if facets is None:
            return False
        inner.update(facet for bit, facet in facets.items() if not bit & border)
    return met and all(count == 2 for count in inner.values())


def _facets(
    corners: Indices, zeros: Sequence[int], dim: int
) -> dict[int, Indices] | None:
    """The corners of each facet, by its form; None if not all is as it must be."""
    everywhere = zeros[0]
    for held in zeros:
        everywhere &= held
    own = [held & ~everywhere for held in zeros]
    if len(set(own)) != len(own):
        return None
    edges, facets = Counter[int](), dict[int, list[int]]()
    for corner, held in zip(corners, own, strict=True):
        if held.bit_count() != dim:
            return None
        rest = held
        while rest:
            bit = rest & -rest
            rest ^= bit
            edges[held ^ bit] += 1
            facets.setdefault(bit, []).append(corner)
    if any(count != 2 for count in edges.values()):
        return None
    return {bit: tuple(found) for bit, found in facets.items()}
