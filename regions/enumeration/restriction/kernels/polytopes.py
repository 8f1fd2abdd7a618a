"""Chains of flats that meet a polytope: its corners, and the signs of forms there."""

from typing import Any

import numpy as np

from regions.compiled.jit import compiled, inlined
from regions.enumeration.restriction.kernels.chains import restrict
from regions.enumeration.restriction.kernels.field import (
    CLAIMS_FULL,
    CORNER,
    DONE,
    EMPTY,
    NO_ROOM,
    OPEN,
    PAUSED,
    difference,
    number_of_bits,
    product,
    residue_at,
)


@inlined
def _value_at(form: Any, point: Any, error: Any) -> Any:
    """Value of a form at homogeneous coordinates that err by `error`, and its error.

    Coefficients are rounded, too; each product and each sum errs by half a unit in the
    last place. Twice as much is allowed for.
    """
    width = len(point)
    value, size, norm, reach = 0.0, 0.0, 0.0, 1.0
    for c in range(width):
        term = form[c] * point[c]
        value += term
        size += abs(term)
        norm += abs(form[c])
        reach += abs(point[c])
    unit = 2.0**-52
    rounding = (width + 8) * unit
    at_most = rounding * size + norm * error * (1.0 + rounding)
    # What products lose by underflow.
    return value, at_most + 1e-300 * reach


@compiled
def signs_at(
    form: np.ndarray,
    residues: np.ndarray,
    points: np.ndarray,
    errors: np.ndarray,
    homogeneous: np.ndarray,
    count: int,
    out: np.ndarray,
    doubts: np.ndarray,
) -> bool:
    """Values of a form at corners and their errors; 0 where it vanishes, as claimed.

    False where a sign is open.
    """
    for v in range(count):
        value, error = _value_at(form, points[v], errors[v])
        if not abs(value) > error:
            # Zero modulo the prime is zero if all minors are smaller than the prime.
            if residue_at(residues, homogeneous[v]) != 0:
                return False
            value, error = 0.0, 0.0
        out[v], doubts[v] = value, error
    return True


@compiled
def slice_polytope(
    points: np.ndarray,
    errors: np.ndarray,
    homogeneous: np.ndarray,
    facets: np.ndarray,
    count: int,
    dim: int,
    residues: np.ndarray,
    at: np.ndarray,
    doubts: np.ndarray,
    words: np.ndarray,
    new_points: np.ndarray,
    new_errors: np.ndarray,
    new_homogeneous: np.ndarray,
    new_facets: np.ndarray,
) -> int:
    """Corners of what a hyperplane cuts from a polytope of dimension `dim`.

    `at` has its values at the corners. Returns how many there are, `EMPTY` if there is
    no room for them.
    """
    size = points.shape[1]
    room = len(new_facets)
    simple = True
    for v in range(count):
        simple = simple and number_of_bits(facets[v]) == dim
        words[v] = residue_at(residues, homogeneous[v])
    found = 0
    for v in range(count):
        if at[v] == 0.0:
            if found == room:
                return EMPTY
            new_points[found], new_errors[found] = points[v], errors[v]
            new_homogeneous[found], new_facets[found] = homogeneous[v], facets[v]
            found += 1
    for u in range(count):
        if not at[u] < 0.0:
            continue
        for w in range(count):
            if not at[w] > 0.0:
                continue
            common = facets[u] & facets[w]
            if number_of_bits(common) < dim - 1:
                continue
            # In a simple polytope any dim - 1 facets at a corner meet in an edge; else
            # two corners span one if no third lies on all their facets.
            edge = True
            if not simple:
                for v in range(count):
                    if v != u and v != w and facets[v] & common == common:
                        edge = False
                        break
            if not edge:
                continue
            if found == room:
                return EMPTY
            a, b = -at[u], at[w]
            total, doubt = a + b, doubts[u] + doubts[w]
            t = a / total
            # t errs by at most (b da + a db) / ((a + b) (a* + b*)), * for the true
            # values; the new corner by that times the edge, and by its ends' error.
            t_error = (b * doubts[u] + a * doubts[w]) / (total * (total - doubt))
            t_error += 4.0 * 2.0**-52
            longest, largest = 0.0, 0.0
            for c in range(size):
                step = points[w, c] - points[u, c]
                new_points[found, c] = points[u, c] + t * step
                longest = max(longest, abs(step))
                largest = max(largest, abs(points[u, c]), abs(points[w, c]))
            ends = max(errors[u], errors[w])
            error = ends + t_error * (longest + 2.0 * ends) + 8.0 * 2.0**-52 * largest
            new_errors[found] = 1.001 * error + 1e-300
            for c in range(size):
                new_homogeneous[found, c] = difference(
                    product(words[u], homogeneous[w, c]),
                    product(words[w], homogeneous[u, c]),
                )
            new_facets[found] = common
            found += 1
    return found


@compiled
def note_zeros(
    at: np.ndarray,
    count: int,
    facets: np.ndarray,
    g: int,
    ids: np.ndarray,
    index: np.ndarray,
    level: int,
    depth_of: int,
    claims: np.ndarray,
    num_claims: int,
) -> int:
    """Claim that form g vanishes at corners on the flat of `depth_of` hyperplanes.

    Those of lower levels than `level` have been counted on in `index`. Returns the
    number of claims then, or `EMPTY` if there is no room.
    """
    for v in range(count):
        if at[v] == 0.0:
            if num_claims == len(claims):
                return EMPTY
            claims[num_claims, 0], claims[num_claims, 1] = g, CORNER
            claims[num_claims, 2] = np.int64(facets[v])
            for depth in range(depth_of):
                at_depth = index[depth] - (depth < level)
                claims[num_claims, depth + 3] = ids[depth, at_depth]
            claims[num_claims, depth_of + 3 :] = EMPTY
            num_claims += 1
    return num_claims


@compiled
def advance_inside(
    rows: np.ndarray,
    ids: np.ndarray,
    counts: np.ndarray,
    index: np.ndarray,
    level: int,
    forms: np.ndarray,
    residues: np.ndarray,
    points: np.ndarray,
    errors: np.ndarray,
    homogeneous: np.ndarray,
    facets: np.ndarray,
    corners: np.ndarray,
    betti: np.ndarray,
    claims: np.ndarray,
    pairs_too: bool,
    quota: int,
) -> tuple[int, int, int]:
    """What `advance` does, for the flats that meet a polytope.

    The corners of what the flat of level l cuts from it are in `points[l]` with bounds
    of their error, in `homogeneous[l]` modulo the prime, and with their facets. Claims,
    if there is room for any, tell which hyperplanes vanish at corners, and with
    `pairs_too` which coincide.

    Returns:
        Whether all is done, the level to go on with, and the number of claims.
    """
    n, dim = len(forms), forms.shape[1] - 1
    room = points.shape[1]
    at, doubts, words = np.empty(room), np.empty(room), np.empty(room, np.uint64)
    near, near_ids = np.empty((n, dim + 1), np.uint64), np.empty(n, np.int64)
    table, heads = np.empty(4 * n + 8, np.int64), np.empty(n, np.int64)
    partial, pairs = np.empty(n, np.uint64), np.empty((n, 2), np.int64)
    noted, num_claims = len(claims) > 0, 0
    work = 0
    while level >= 0:
        i = index[level]
        if i == counts[level]:
            level -= 1
            continue
        if work > quota:
            return PAUSED, level, num_claims
        # Nothing of a node stays but its claims, until it is done.
        settled = num_claims
        # The next flat lies in this one, where hyperplane h meets it: its corners are
        # those at which h is zero, and points of the edges that h crosses.
        h, num = ids[level, i], corners[level]
        if not signs_at(
            forms[h],
            residues[h],
            points[level],
            errors[level],
            homogeneous[level],
            num,
            at,
            doubts,
        ):
            return OPEN, level, settled
        if noted:
            num_claims = note_zeros(
                at, num, facets[level], h, ids, index, level, level, claims, num_claims
            )
            if num_claims == EMPTY:
                return CLAIMS_FULL, level, settled
        inner = slice_polytope(
            points[level],
            errors[level],
            homogeneous[level],
            facets[level],
            num,
            dim - level,
            residues[h],
            at,
            doubts,
            words,
            points[level + 1],
            errors[level + 1],
            homogeneous[level + 1],
            facets[level + 1],
        )
        if inner == EMPTY:
            return NO_ROOM, level, settled
        corners[level + 1] = inner
        width = dim + 1 - level
        # Only hyperplanes that stand before h are restricted to it, so that each flat
        # is met once; those count that have corners of it on both sides.
        m = 0
        for j in range(i):
            g = ids[level, j]
            if not signs_at(
                forms[g],
                residues[g],
                points[level + 1],
                errors[level + 1],
                homogeneous[level + 1],
                inner,
                at,
                doubts,
            ):
                return OPEN, level, settled
            if noted:
                num_claims = note_zeros(
                    at,
                    inner,
                    facets[level + 1],
                    g,
                    ids,
                    index,
                    level,
                    level + 1,
                    claims,
                    num_claims,
                )
                if num_claims == EMPTY:
                    return CLAIMS_FULL, level, settled
            if at[:inner].min() < 0.0 and at[:inner].max() > 0.0:
                for c in range(width):
                    near[m, c] = rows[level, j, c]
                near_ids[m] = g
                m += 1
        # Their distinct traces on the new flat, modulo the prime; h itself stands last.
        for c in range(width):
            near[m, c] = rows[level, i, c]
        count, found = restrict(
            near,
            near_ids,
            m,
            width,
            rows[level + 1],
            ids[level + 1],
            table,
            heads,
            partial,
            pairs,
        )
        if noted and pairs_too:
            if num_claims + found > len(claims):
                return CLAIMS_FULL, level, settled
            for k in range(found):
                claims[num_claims, 0] = pairs[k, 0]
                claims[num_claims, 1] = pairs[k, 1]
                claims[num_claims, 2] = 0
                for depth in range(level + 1):
                    at_depth = index[depth] - (depth < level)
                    claims[num_claims, depth + 3] = ids[depth, at_depth]
                claims[num_claims, level + 4 :] = EMPTY
                num_claims += 1
        index[level] += 1
        work += num * num + i * inner * dim
        # Each trace is a flat one dimension below. With two and more there are others
        # in them: the first of the traces has none before it, so the second begins.
        betti[level + 2] += count
        if count > 1 and level + 2 < dim:
            level += 1
            counts[level], index[level] = count, 1
    return DONE, level, num_claims
