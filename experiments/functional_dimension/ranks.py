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
FIRST_REGIONS = 64
"""Regions that are tried before all."""


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
    """The rank modulo a prime: of few regions if that is the largest, else of all."""
    rank = 0
    for few in (bits[:FIRST_REGIONS], bits):
        table = _rows(network, few, prime)
        height, width = table.shape
        rank = nmod_mat(height, width, table.ravel().tolist(), prime).rank()
        if rank == most:
            break
    return rank


def _residues(values: np.ndarray, prime: int) -> Int64[np.ndarray, "..."]:
    """Dyadic rationals modulo a prime."""
    flat = []
    for value in values.ravel().tolist():
        top, bottom = float(value).as_integer_ratio()
        flat.append(top * pow(bottom, -1, prime) % prime)
    return np.array(flat, np.int64).reshape(values.shape)


def _rows(
    network: ReluNetwork, bits: Bool[np.ndarray, "regions bits"], prime: int
) -> Int64[np.ndarray, "rows parameters"]:
    """Derivatives of the affine maps of regions in all parameters."""
    weights = [_residues(layer.weight, prime) for layer in network.layers]
    biases = [_residues(layer.bias, prime) for layer in network.layers]
    gates = np.split(bits, np.cumsum(network.widths)[:-1], axis=1)
    count, dim = len(bits), network.input_dim
    inputs = np.eye(dim, dim + 1, dtype=np.int64)
    forms = [np.broadcast_to(inputs, (count, *inputs.shape))]
    for W, b, gate in zip(weights, biases, gates, strict=False):
        pre = W @ forms[-1] % prime
        pre[..., dim] = (pre[..., dim] + b) % prime
        forms.append(pre * gate[..., None])
    backward, blocks = np.ones((count, 1), np.int64), []
    for index in range(len(weights) - 1, -1, -1):
        by_weight = backward[:, :, None, None] * forms[index][:, None] % prime
        by_bias = np.zeros((count, dim + 1, len(biases[index])), np.int64)
        by_bias[:, dim] = backward
        flat = by_weight.reshape(count, -1, dim + 1).swapaxes(1, 2)
        blocks += [by_bias, flat]
        if index:
            backward = backward @ weights[index] % prime * gates[index - 1]
    return np.concatenate(blocks, axis=2).reshape(count * (dim + 1), -1)
