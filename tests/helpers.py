"""Random networks and slow, independent oracles for the tests."""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog

from regions.domains.shapes import BoundedDomain, WholeSpace
from regions.network import ArrayLike, ReluNetwork


def random_network(
    rng: np.random.Generator,
    dim: int,
    widths: Sequence[int],
    bias_scale: float = 0.5,
    slopes: float | Sequence[ArrayLike] = 0.0,
    outputs: int = 1,
) -> ReluNetwork:
    """A network with He-normal weights (variance 2 / fan_in) and normal biases."""
    sizes = [dim, *widths, outputs]
    weights = [
        rng.standard_normal((fan_out, fan_in)) * np.sqrt(2.0 / fan_in)
        for fan_in, fan_out in itertools.pairwise(sizes)
    ]
    biases = [bias_scale * rng.standard_normal(fan_out) for fan_out in sizes[1:]]
    return ReluNetwork.from_arrays(weights, biases, slopes)


def brute_force_rows(
    network: ReluNetwork, pattern: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`A x <= b` of a pattern, unit by unit; written on its own.

    A column of the identity at a time is pushed through the network with its gates
    frozen, so the Jacobian comes from differences of outputs, not from a product.
    """
    dim = network.input_dim
    probes = np.concatenate([np.zeros((1, dim)), np.eye(dim)])
    values, A, b, bit = [probes], [], [], 0
    for index, layer in enumerate(network.hidden):
        pre = sum(values[s] @ m.T for s, m in layer.blocks(index)) + layer.bias
        post = pre.copy()
        for unit in np.flatnonzero(layer.kinks):
            sign = 1.0 if pattern[bit] else -1.0
            A.append(-sign * (pre[1:, unit] - pre[0, unit]))
            b.append(sign * pre[0, unit])
            if not pattern[bit]:
                post[:, unit] = layer.slopes[unit] * pre[:, unit]
            bit += 1
        values.append(post)
    return np.array(A).reshape(-1, dim), np.array(b)


def largest_slack(A: np.ndarray, b: np.ndarray, cap: float = 1.0) -> float:
    """The largest `s <= cap` with `A x + s |A_i| <= b` for all rows, by `linprog`.

    Rows without gradient are constants and are compared as they stand.
    """
    norms = np.linalg.norm(A, axis=1)
    flat = norms == 0.0
    if (b[flat] < 0.0).any():
        return -np.inf
    A, b, norms = A[~flat], b[~flat], norms[~flat]
    dim = A.shape[1]
    result = linprog(
        np.append(np.zeros(dim), -1.0),
        A_ub=np.column_stack([A / norms[:, None], np.ones(len(A))]),
        b_ub=b / norms,
        bounds=[(None, None)] * dim + [(None, cap)],
        method="highs",
    )
    assert result.status == 0, result.message
    return float(-result.fun)


def brute_force_patterns(
    network: ReluNetwork,
    domain: BoundedDomain | WholeSpace,
    min_radius: float = 1e-9,
) -> set[tuple[bool, ...]]:
    """Patterns of all activation regions: one linear program per sign pattern.

    For at most 12 bits and networks whose regions are all fatter than `min_radius`.
    A unit that is constantly zero on a region is off, as the conventions say. Signs of
    the first units that nothing has are not gone on with.
    """
    assert network.num_bits <= 12
    chart = domain.restrict(network)
    whole = isinstance(domain, WholeSpace)
    polytope = None if whole else domain.polytope()

    def extended(signs: tuple[bool, ...]) -> set[tuple[bool, ...]]:
        """All patterns that begin so."""
        first = np.array(signs, bool)
        # The rows of a unit depend on the units before it alone.
        padded = np.append(first, np.zeros(network.num_bits - len(first), bool))
        A, b = (rows[: len(first)] for rows in brute_force_rows(chart, padded))
        constant = ~A.any(axis=1)
        if (first & constant & (b <= 0.0)).any():
            return set()
        if polytope is not None:
            A, b = np.vstack([A, polytope.A]), np.append(b, polytope.b)
        if len(A) and largest_slack(A, b) <= min_radius:
            return set()
        if len(first) == network.num_bits:
            return {signs}
        return extended((*signs, False)) | extended((*signs, True))

    return extended(())
