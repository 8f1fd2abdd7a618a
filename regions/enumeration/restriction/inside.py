"""Counting hyperplanes inside one polytope, by the form that is fastest for it."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from regions.enumeration.restriction.hyperplanes import Row
from regions.enumeration.restriction.loading import (
    Compiled,
    compiled_forms,
    count_plainly,
)
from regions.enumeration.restriction.polytopes import Corner, PolytopeChains
from regions.errors import NotGenericError

SECONDS_A_CORNER = 3e-5
"""What a corner of a flat takes in the plain form, about."""
MANY_SECONDS = 30.0
"""Seconds from which on the plain form is not begun."""
MAX_FACETS = 64
"""In the compiled form, so that they fit a word."""

Stop = Callable[[int], bool]
Tell = Callable[[float], None]


def count_inside(
    rows: Sequence[Row],
    corners: Sequence[Corner],
    facets: Sequence[Row],
    stop: Stop,
    tell: Tell,
    polytopes: int = 1,
) -> tuple[int, bool, dict[str, Any]]:
    """Regions of a polytope, whether these are all, and what was done.

    Args:
        rows: Distinct hyperplanes; all meet the interior.
        corners: Corners of the polytope.
        facets: Its facets, by the number of their bit in the corners.
        stop: Asked often whether so many regions are enough, or time is up.
        tell: Told the share that is done.
        polytopes: How many like this one there are to count, about.

    Raises:
        NotGenericError: If there are many flats, and too many signs and dependences
            are open in float64 and modulo a prime.
    """
    if len(rows) < 2:
        return 1 + len(rows), True, {}
    dim = len(corners[0].point) - 1
    flats = sum(math.comb(len(rows), k) for k in range(dim))
    seconds = SECONDS_A_CORNER * flats * len(corners)
    plain = PolytopeChains(rows, corners)

    def is_over() -> bool:
        return stop(sum(plain.betti))

    if len(facets) > MAX_FACETS:
        corners, facets = _compacted(corners, facets)
    facts: dict[str, Any] = {}
    fast = None
    if len(facets) <= MAX_FACETS:
        fast = compiled_forms(seconds * polytopes)
        fast = fast or count_plainly(plain, seconds * polytopes, is_over, tell)
    else:
        plain.count(is_over, tell)
    if fast is not None:
        found = _count_compiled(fast, rows, corners, facets, stop, tell)
        if found is not None:
            return found
        if seconds > MANY_SECONDS:
            raise NotGenericError(
                f"{len(rows)} hyperplanes in dimension {dim} have more "
                "coincidences than are proved one by one: use method='tree'."
            )
        facts["unproved"] = 1
        plain = PolytopeChains(rows, corners)
        plain.count(is_over, tell)
    return sum(plain.betti), plain.complete, facts


def _count_compiled(
    fast: Compiled,
    rows: Sequence[Row],
    corners: Sequence[Corner],
    facets: Sequence[Row],
    stop: Stop,
    tell: Tell,
) -> tuple[int, bool, dict[str, Any]] | None:
    """The same by the compiled form; None if something stays open."""
    chains = fast.polytopes.FastPolytopes(rows, corners, facets)
    try:
        chains.count(lambda: stop(sum(chains.betti)), tell)
    except fast.chains.UnprovedError:
        return None
    return sum(chains.betti), chains.complete, {"checked": chains.claims}


def _compacted(
    corners: Sequence[Corner], facets: Sequence[Row]
) -> tuple[list[Corner], list[Row]]:
    """The same without facets that hold no corner."""
    used = 0
    for corner in corners:
        used |= corner.facets
    kept = [k for k in range(len(facets)) if used >> k & 1]
    renumbered = [
        Corner(c.point, sum((c.facets >> k & 1) << i for i, k in enumerate(kept)))
        for c in corners
    ]
    return renumbered, [facets[k] for k in kept]
