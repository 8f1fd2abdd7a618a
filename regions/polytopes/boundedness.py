"""Which regions of the whole space are bounded, by their recession cones.

The region `A x <= b` is bounded if and only if `A y <= 0` has no solution but y = 0,
which holds if and only if A has full column rank and some positive weights of all rows
give `w A = 0` (Stiemke's theorem). No size is ever compared. Both answers are proved on
the exact integer rows: a rational y, or positive weights of spanning rows. For
many regions one batched interior point suggests them; its duals approach the middle of
all weights, which is positive in every row that can be. What it leaves open is one
exact linear program.

References:
    A. Schrijver, Theory of Linear and Integer Programming, 1986, sections 7.8 and 8.2.
"""

import math
from collections.abc import Sequence

import numpy as np
from flint import fmpq_mat, fmpz_mat
from jaxtyping import Bool, UInt8

from regions.domains.domain_vectors import dyadic
from regions.domains.shapes import Domain
from regions.errors.limits import check
from regions.lp.exact_lp import maximize
from regions.network import ReluNetwork
from regions.patterns.halfspaces import halfspaces_batch
from regions.patterns.packing import unpack_bits
from regions.signs.exact import ExactNetwork, dot, to_fmpq

BATCH_NUMBERS = 1 << 21
"""Entries of float64 rows held at a time."""

FEW = 256
"""Up to so many regions one exact program each costs less than compiling a batch."""

SUPPORTS = (0.0, 1e-6, 1e-3)
"""Suggested weights below these parts of the largest are dropped, one attempt each."""

Row = list[int]
"""Gradient of a row `gradient . y <= 0`, up to a positive factor."""


def bounded_regions(
    network: ReluNetwork, domain: Domain, packed: UInt8[np.ndarray, "regions bytes"]
) -> Bool[np.ndarray, " regions"]:
    """Which regions are bounded, decided exactly.

    All are on a bounded domain. On another one a strip between parallel lines is
    not, however thin it is.

    Args:
        network: The network.
        domain: Where its regions lie.
        packed: Packed pattern of each region.
    """
    if domain.is_bounded:
        return np.ones(len(packed), bool)
    exact = ExactNetwork(network, domain)
    dim, bits = network.input_dim, network.num_bits
    result = np.zeros(len(packed), bool)
    if not bits:
        return result
    walls = [dyadic(row)[0] for row in domain.rows()[0].tolist()]
    step = max(1, BATCH_NUMBERS // (bits * (dim + 1)))
    for start in range(0, len(packed), step):
        part = slice(start, start + step)
        patterns = unpack_bits(packed[part], bits)
        if len(packed) > FEW and not walls:
            directions, weights = _suggestions(network, patterns)
        else:
            directions = weights = [None] * len(patterns)
        found = zip(patterns, directions, weights, strict=True)
        for k, (pattern, y, w) in enumerate(found, start):
            check()
            gradients = recession_rows(exact, pattern) + walls
            result[k] = is_cone_trivial(gradients, y, w)
    return result


def _suggestions(
    network: ReluNetwork, patterns: Bool[np.ndarray, "regions bits"]
) -> tuple[np.ndarray, np.ndarray]:
    """For each region a direction deepest in its cone, and weights of unit rows."""
    # JAX loads only where a program has to be solved.
    from regions.lp.batches import chebyshev_balls

    # A row that overflows suggests nothing; what is suggested is proved.
    with np.errstate(all="ignore"):
        A, _ = halfspaces_batch(network, patterns)
        A = np.where(np.isfinite(A).all(axis=2, keepdims=True), A, 0.0)
        _, shift = np.frexp(np.abs(A).max(axis=2))
        A = np.ldexp(A, -shift[:, :, None])
        balls = chebyshev_balls(A, np.zeros(A.shape[:2]), 1.0)
    return balls.centers, balls.duals


def recession_rows(
    exact: ExactNetwork, pattern: Bool[np.ndarray, " bits"]
) -> list[Row]:
    """Rows `a . y <= 0` of the recession cone of a region, one for each bit.

    A unit that is constant on the region gives a row of zeros.
    """
    hidden = exact.network.hidden
    kinks = exact.network.kinks
    full = np.zeros(len(kinks), bool)
    full[kinks] = pattern
    forms = exact.affine_forms(full, layers=len(hidden))
    return [
        [-v for v in forms[unit][:-1]] if full[unit] else forms[unit][:-1]
        for unit in np.flatnonzero(kinks).tolist()
    ]


def is_cone_trivial(
    rows: Sequence[Row],
    direction: Sequence[float] | np.ndarray | None = None,
    weights: Sequence[float] | np.ndarray | None = None,
) -> bool:
    """Whether `A y <= 0` holds for y = 0 alone, exactly.

    Args:
        rows: Integer rows; rows of zeros do not matter. At least one is required.
        direction: A hint: a y that may be in the cone.
        weights: A hint: positive weights of the rows, scaled to unit length, that may
            combine to zero.
    """
    dim = len(rows[0])
    if fmpz_mat(len(rows), dim, [v for row in rows for v in row]).rank() < dim:
        return False
    if direction is not None and np.isfinite(direction).all():
        y = [to_fmpq(float(v)) for v in direction]
        if any(y) and all(dot(row, y) <= 0 for row in rows):
            return False
    if weights is not None and np.isfinite(weights).all():
        used = [k for k, row in enumerate(rows) if any(row) and weights[k] > 0.0]
        largest = max((float(weights[k]) for k in used), default=0.0)
        for part in SUPPORTS:
            kept = [k for k in used if weights[k] > part * largest]
            if _weights_prove_trivial(
                [rows[k] for k in kept], [float(weights[k]) for k in kept]
            ):
                return True
    return _decide(rows)


def _scaled(rows: Sequence[Row], weights: Sequence[float]) -> list[int]:
    """Positive integers that are about proportional to weights of unit rows."""
    sizes, shifts = [], []
    for row in rows:
        shift = max(max(abs(v).bit_length() for v in row) - 60, 0)
        sizes.append(math.hypot(*(float(v >> shift) for v in row)))
        shifts.append(shift)
    top, largest = max(shifts), max(weights)
    return [
        max(1, int(math.ldexp(w / largest / size, 110)) << (top - shift))
        for w, size, shift in zip(weights, sizes, shifts, strict=True)
    ]


def _weights_prove_trivial(rows: Sequence[Row], suggested: Sequence[float]) -> bool:
    """Whether positive weights near those given prove the cone trivial.

    With `N = A^T diag(w) A` and `N u = A^T w`, the weights `w_i (1 - A_i u)` combine
    the rows to zero. N is regular if and only if the rows span the space.
    """
    if not rows:
        return False
    weights = _scaled(rows, suggested)
    A = fmpz_mat([list(row) for row in rows])
    weighted = fmpz_mat(
        [[w * v for v in row] for w, row in zip(weights, rows, strict=True)]
    ).transpose()
    normal = weighted * A
    if normal.det() == 0:
        return False
    total = weighted * fmpz_mat([[1]] * len(rows))
    solution = fmpq_mat(normal).solve(fmpq_mat(total))
    return all(v < 1 for v in (fmpq_mat(A) * solution).entries())


def _decide(rows: Sequence[Row]) -> bool:
    """Whether the cone of rows of full rank is trivial, by one exact program.

    As no y but 0 has `A y = 0`, the sum of all `-A_i y` is positive on the rest of the
    cone.
    """
    cost = [-sum(column) for column in zip(*rows, strict=True)]
    end = maximize(cost, [list(row) for row in rows], [0] * len(rows))
    if end.status == "unbounded":
        assert end.direction is not None
        assert any(end.direction)
        return False
    assert end.status == "optimal"
    assert end.value == 0
    return True
