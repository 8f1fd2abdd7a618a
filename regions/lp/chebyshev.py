"""Chebyshev balls of many small polyhedra in NumPy: no compilation, any batch size.

The programs are those of `regions.lp.batches`, which compiles one program per
shape and pays off in the tens of thousands; this form answers a handful at once. The
batch is the last axis of every array, so that each step is a vector operation over the
batch.
"""

import numpy as np
from jaxtyping import Float64

MAX_STEPS = 40
GAP = 1e-13
_REGULARIZATION = 1e-14
_STEP = 0.995


@np.errstate(all="ignore")
def small_batch_balls(
    A: Float64[np.ndarray, "batch rows dim"],
    b: Float64[np.ndarray, "batch rows"],
    max_radius: float,
) -> tuple[
    Float64[np.ndarray, "batch dim"],
    Float64[np.ndarray, " batch"],
    Float64[np.ndarray, "batch rows"],
]:
    """Centers, radii and duals of the largest balls in `A x <= b`; hints, not proofs.

    Maximizes r subject to `A x + r |A_i| <= b` and `r <= max_radius`. Zero rows are
    padding. A negative radius suggests an empty polyhedron; nothing is proved here, and
    numbers that overflow give NaN.

    Returns:
        Centers; the distance of each center from the nearest row, negative outside;
        and the multipliers of the rows of `A`, nonnegative, of sum about 1 when scaled
        by the rows' lengths.
    """
    lengths = np.linalg.norm(A, axis=2)
    flat = lengths == 0.0
    safe = np.where(flat, 1.0, lengths)
    rhs = np.where(flat, 1.0, b / safe)
    unit = np.clip(np.abs(rhs).max(1, initial=0.0), 1e-300, max_radius)
    count, rows, dim = A.shape
    G = np.zeros((rows + 1, dim + 1, count))
    G[:-1, :-1] = np.moveaxis(A / safe[..., None], 0, 2)
    G[:-1, -1] = (~flat).T
    G[-1, -1] = 1.0
    h = np.concatenate([rhs / unit[:, None], (max_radius / unit)[:, None]], 1).T
    x, z = _solve(G, np.ascontiguousarray(h))
    centers = x[:-1].T * unit[:, None]
    gaps = rhs - np.matmul(A / safe[..., None], centers[..., None])[..., 0]
    radii = np.minimum(np.where(flat, np.inf, gaps).min(1, initial=np.inf), max_radius)
    return centers, radii, z[:-1].T / safe


def _solve(G: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`max` of the last variable subject to `G x <= h`, batch last: x and duals.

    Mehrotra's predictor-corrector (SIAM Journal on Optimization 2(4), 1992).
    """
    rows, variables, count = G.shape
    best_x, best_z = np.zeros((variables, count)), np.ones((rows, count))
    best = np.full(count, np.inf)
    live = np.arange(count)
    x = np.zeros((variables, count))
    s = np.broadcast_to(np.maximum(1.0, np.abs(h).max(0)), h.shape).copy()
    z = np.ones_like(h)
    for _ in range(MAX_STEPS):
        dual, primal, error = _residuals(G, h, x, s, z)
        better = error < best[live]
        at = live[better]
        best[at], best_x[:, at], best_z[:, at] = (
            error[better],
            x[:, better],
            z[:, better],
        )
        # Once rounding rules, an iterate that is worse than the best is the end.
        go = np.isfinite(error) & (error > GAP) & (better | (best[live] > 1e-9))
        if not go.any():
            break
        if not go.all():
            live, G, h = live[go], G[:, :, go], h[:, go]
            x, s, z = x[:, go], s[:, go], z[:, go]
            dual, primal = dual[:, go], primal[:, go]
        dx, ds, dz = _direction(G, s, z, dual, primal)
        a, c = _STEP * _longest(s, ds), _STEP * _longest(z, dz)
        x, s, z = x + a * dx, s + a * ds, z + c * dz
    return best_x, best_z


def _times(G: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`G x`, batch last."""
    total = G[:, 0] * x[0]
    for k in range(1, len(x)):
        total += G[:, k] * x[k]
    return total


def _transposed_times(G: np.ndarray, z: np.ndarray) -> np.ndarray:
    """`G' z`, batch last."""
    return np.stack([(G[:, k] * z).sum(0) for k in range(G.shape[1])])


def _residuals(
    G: np.ndarray, h: np.ndarray, x: np.ndarray, s: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dual and primal residuals, and the largest error of each program."""
    dual = _transposed_times(G, z)
    dual[-1] -= 1.0
    primal = _times(G, x) + s - h
    gap = (s * z).sum(0) / (1.0 + np.abs(x[-1]))
    size = np.abs(primal).max(0) / (1.0 + np.abs(h).max(0))
    return dual, primal, np.maximum(np.maximum(gap, size), np.abs(dual).max(0))


def _longest(value: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The largest step in [0, 1] that keeps `value` nonnegative, per program."""
    ratio = np.where(change < 0.0, -value / change, np.inf)
    return np.minimum(1.0, ratio.min(0))


def _direction(
    G: np.ndarray, s: np.ndarray, z: np.ndarray, dual: np.ndarray, primal: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mehrotra's corrected direction."""
    weight = z / s
    size = G.shape[1]
    normal = [
        [(G[:, i] * weight * G[:, j]).sum(0) for j in range(i + 1)] for i in range(size)
    ]
    shift = _REGULARIZATION * np.max([normal[i][i] for i in range(size)], axis=0)
    low = _cholesky(normal, shift)

    def direction(complementarity: np.ndarray) -> tuple[np.ndarray, ...]:
        rhs = -dual - _transposed_times(G, (z * primal - complementarity) / s)
        dx = _back_substitute(low, rhs)
        dx += _back_substitute(low, rhs - _symmetric_times(normal, dx))
        ds = -primal - _times(G, dx)
        return dx, ds, (-complementarity - z * ds) / s

    product = s * z
    mean = product.mean(0)
    _, ds, dz = direction(product)
    ahead = (s + _longest(s, ds) * ds) * (z + _longest(z, dz) * dz)
    centering = (ahead.mean(0) / mean) ** 3
    dx, ds, dz = direction(product + ds * dz - centering * mean)
    return dx, ds, dz


def _cholesky(
    normal: list[list[np.ndarray]], shift: np.ndarray
) -> list[list[np.ndarray]]:
    """Cholesky factor; the diagonal holds inverses."""
    low: list[list[np.ndarray]] = []
    for i, row in enumerate(normal):
        line: list[np.ndarray] = []
        for j in range(i):
            dot = row[j].copy()
            for k in range(j):
                dot -= line[k] * low[j][k]
            line.append(dot * low[j][j])
        dot = row[i] + shift
        for k in range(i):
            dot = dot - line[k] ** 2
        line.append(1.0 / np.sqrt(dot))
        low.append(line)
    return low


def _back_substitute(low: list[list[np.ndarray]], rhs: np.ndarray) -> np.ndarray:
    """Solve with a factored matrix."""
    y = rhs.copy()
    size = len(low)
    for i in range(size):
        for k in range(i):
            y[i] -= low[i][k] * y[k]
        y[i] *= low[i][i]
    for i in reversed(range(size)):
        for k in range(i + 1, size):
            y[i] -= low[k][i] * y[k]
        y[i] *= low[i][i]
    return y


def _symmetric_times(normal: list[list[np.ndarray]], x: np.ndarray) -> np.ndarray:
    """A symmetric matrix, of which the lower half is given, times a vector."""
    size = len(normal)
    return np.stack(
        [
            sum(normal[max(i, j)][min(i, j)] * x[j] for j in range(size))
            for i in range(size)
        ]
    )
