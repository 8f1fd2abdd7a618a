"""The rank of the derivative of a network's affine pieces in its parameters.

On a region the function is an affine map; with F the affine forms of the activations
that a unit reads and B the derivative of the output in its pre-activation, the map's
derivative in the weight from unit j to unit i is B_i F_j, and in the bias of unit i it
is B_i. Rows of all regions together have the functional dimension as their rank.

Weights are dyadic rationals, so all of it can be done modulo a prime. The rank modulo
a prime is at most the true one; each hidden unit can be scaled without a change, so the
true one is at most the number of parameters less that of hidden units. Where the first
reaches the second it is proved.
"""

import numpy as np
from flint import nmod_mat
from jaxtyping import Bool, Int64

from regions.network import ReluNetwork

PRIMES = (67_108_859, 67_108_837)
"""Below 2^26: sums of up to 2^11 products fit int64."""
FRESH_REGIONS = 64
"""Regions whose rows are added at a time."""


def largest_possible(network: ReluNetwork) -> int:
    """Number of parameters less that of hidden units."""
    sizes = [layer.weight.size + layer.width for layer in network.layers]
    return sum(sizes) - sum(network.widths)


def functional_dimension(
    network: ReluNetwork, bits: Bool[np.ndarray, "regions bits"]
) -> int:
    """The functional dimension; a lower bound, proved where it is the largest possible.

    Args:
        network: A ReLU network with one output and no skip blocks.
        bits: Patterns of all its regions.
    """
    best, most = 0, largest_possible(network)
    for prime in PRIMES:
        best = max(best, _rank(network, bits, prime, most))
        if best == most:
            break
    return best


def _rank(
    network: ReluNetwork, bits: Bool[np.ndarray, "regions bits"], prime: int, most: int
) -> int:
    """The rank modulo a prime, region after region until it can be no larger."""
    basis = np.zeros((0, 1), np.int64)
    rank = 0
    weights = [_residues(layer.weight, prime) for layer in network.layers]
    biases = [_residues(layer.bias, prime) for layer in network.layers]
    for start in range(0, len(bits), FRESH_REGIONS):
        rows = [
            _rows(network, weights, biases, pattern, prime)
            for pattern in bits[start : start + FRESH_REGIONS]
        ]
        fresh = np.concatenate(rows)
        table = fresh if not rank else np.concatenate([basis, fresh])
        height, width = table.shape
        entries = table.ravel().tolist()
        reduced, rank = nmod_mat(height, width, entries, prime).rref()
        if rank == most:
            return rank
        kept = np.array([int(v) for v in reduced.entries()], np.int64)
        basis = kept.reshape(table.shape)[:rank]
    return rank


def _residues(values: np.ndarray, prime: int) -> Int64[np.ndarray, "..."]:
    """Dyadic rationals modulo a prime."""
    flat = []
    for value in values.ravel().tolist():
        top, bottom = float(value).as_integer_ratio()
        flat.append(top * pow(bottom, -1, prime) % prime)
    return np.array(flat, np.int64).reshape(values.shape)


def _rows(
    network: ReluNetwork,
    weights: list[np.ndarray],
    biases: list[np.ndarray],
    pattern: Bool[np.ndarray, " bits"],
    prime: int,
) -> Int64[np.ndarray, "inputs_and_1 parameters"]:
    """Derivatives of the affine map on one region in all parameters."""
    dim = network.input_dim
    forms = [np.eye(dim, dim + 1, dtype=np.int64)]
    gates = np.split(pattern, np.cumsum(network.widths)[:-1])
    for W, b, gate in zip(weights, biases, [*gates, None], strict=True):
        pre = W @ forms[-1] % prime
        pre[:, dim] = (pre[:, dim] + b) % prime
        forms.append(pre if gate is None else pre * gate[:, None])
    backward, blocks = np.ones(1, np.int64), []
    constant = np.zeros(dim + 1, np.int64)
    constant[dim] = 1
    for index in range(len(weights) - 1, -1, -1):
        by_weight = backward[:, None, None] * forms[index][None] % prime
        by_bias = backward[:, None] * constant[None] % prime
        blocks.append(by_bias.T)
        blocks.append(by_weight.reshape(-1, dim + 1).T)
        if index:
            backward = backward @ weights[index] % prime * gates[index - 1]
    return np.concatenate(blocks, axis=1)
