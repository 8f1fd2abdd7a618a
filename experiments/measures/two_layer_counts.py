"""Exact counts of networks with two hidden layers, the first no wider than the input.

If the rows of the first layer's weights are independent, its pre-activations cover all
of R^a for a units, and the network has as many regions as its second layer makes in the
orthants of R^a: for every set S of active first units, the hyperplanes W u + b = 0 of
the second units cut the open cone of the u > 0 on S.

Hyperplanes in general position cut an open convex set into as many parts as there are
sets T of them whose intersection meets it, the empty set among them (Zaslavsky 1975:
each new one adds as many parts as the others cut it into). Whether the intersection of
T meets the cone of S is linear programming in standard form, W[T, S] u = -b[T] with
u > 0: in general position it does if and only if the basic solution of some R in S of
the size of T is positive. A network with a + b hidden units so has at most
binomial(a + b, a) linear systems, and millions of regions are counted in seconds.

General position is part of the count, not an assumption: every system must be regular,
every basic solution have a negative entry or none that is zero, and every second unit
outside T be other than zero at the positive ones. Bounds on the rounding of float64
prove nearly all of it (S. M. Rump, Verification methods, Acta Numerica 2010, section
10.5), rational arithmetic decides the rest, and what is not in general position is left
to the enumeration of all regions.
"""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from flint import fmpq_mat
from jaxtyping import Bool, Float64, Int64

import regions
from regions.errors import NotGenericError
from regions.signs.exact import to_fmpq

CHUNK = 1 << 22
"""Numbers of a step's largest array."""
TINY = 1e-290
"""Above what underflow can lose in a sum of products."""


def count_two_layers(network: regions.ReluNetwork) -> int:
    """Regions of the whole input space of a ReLU network with two hidden layers.

    Raises:
        ValueError: If it is no such network, or the first layer has not full row rank.
    """
    if len(network.hidden) != 2 or any(layer.skips for layer in network.layers):
        raise ValueError(
            f"the network has {len(network.hidden)} hidden layers: two are required, "
            "without skip blocks."
        )
    reduced = pre_activation_network(network)
    try:
        return count_by_bases(reduced)
    except NotGenericError:
        space = regions.WholeSpace(reduced.input_dim)
        return int(regions.count_regions(reduced, space))


def pre_activation_network(network: regions.ReluNetwork) -> regions.ReluNetwork:
    """The network as a function of its first layer's pre-activations.

    Raises:
        ValueError: If they do not cover all of their space, decided exactly.
    """
    first = network.hidden[0]
    a, dim = first.weight.shape
    table = fmpq_mat(a, dim, [to_fmpq(float(v)) for v in first.weight.ravel()])
    if table.rank() < a:
        raise ValueError(
            f"the weights of the first layer have rank {table.rank()}: {a}, the number "
            "of its units, is required."
        )
    weights = [np.eye(a), *(layer.weight for layer in network.layers[1:])]
    biases = [np.zeros(a), *(layer.bias for layer in network.layers[1:])]
    slopes = [layer.slopes for layer in network.hidden]
    return regions.ReluNetwork.from_arrays(weights, biases, slopes)


def count_by_bases(network: regions.ReluNetwork) -> int:
    """Regions of the whole space of a ReLU network with two hidden layers, exactly.

    Args:
        network: As `pre_activation_network` gives it: the first layer is the identity.

    Raises:
        ValueError: If a unit is no ReLU.
        NotGenericError: If the second layer is not in general position in an orthant.
    """
    first, second = network.hidden
    if first.slopes.any() or second.slopes.any():
        raise ValueError("a unit is no ReLU: slopes of 0 are required.")
    weight, bias = second.weight, second.bias
    if not bias.all():
        raise _degenerate()
    units, inputs = weight.shape
    total = 1 << inputs
    for size in range(1, min(units, inputs) + 1):
        bases = np.array([*itertools.combinations(range(inputs), size)])
        for chosen in _chunks(units, inputs, size):
            meets = np.zeros((len(chosen), 1 << inputs), bool)
            meets[:, (1 << bases).sum(axis=1)] = _positive(weight, bias, chosen, bases)
            total += int(_with_supersets(meets).sum())
    return total


def _degenerate() -> NotGenericError:
    return NotGenericError("the second layer is not in general position.")


def _chunks(
    units: int, inputs: int, size: int
) -> Iterator[Int64[np.ndarray, "sets size"]]:
    """All sets of second units of a size, as many at a time as memory is meant for."""
    one = max(1 << inputs, math.comb(inputs, size) * max(size * size, units))
    sets = itertools.combinations(range(units), size)
    while some := [*itertools.islice(sets, max(1, CHUNK // one))]:
        yield np.array(some)


def _with_supersets(member: Bool[np.ndarray, "n masks"]) -> np.ndarray:
    """Which masks contain one of those given."""
    for bit in range(member.shape[1].bit_length() - 1):
        halves = member.reshape(len(member), -1, 2, 1 << bit)
        halves[:, :, 1] |= halves[:, :, 0]
    return member


def _positive(
    weight: Float64[np.ndarray, "second first"],
    bias: Float64[np.ndarray, " second"],
    chosen: Int64[np.ndarray, "sets size"],
    bases: Int64[np.ndarray, "bases size"],
) -> Bool[np.ndarray, "sets bases"]:
    """Which basic solutions of the chosen second units are positive.

    Raises:
        NotGenericError: If a system is singular, a solution that is not negative
            anywhere zero somewhere, or another second unit zero at a positive one.
    """
    solved = _solve(weight, bias, chosen, bases)
    negative = (solved.solution < -solved.error).any(axis=-1)
    positive = (solved.solution > solved.error).all(axis=-1)
    positive &= _others_are_not_zero(weight, bias, chosen, bases, solved)
    for i, j in np.argwhere(~negative & ~positive):
        positive[i, j] = _exactly_positive(weight, bias, chosen[i], bases[j])
    return positive


class _Solved(NamedTuple):
    """Basic solutions, and bounds on their errors that are infinite if unknown."""

    solution: Float64[np.ndarray, "sets bases size"]
    error: Float64[np.ndarray, "sets bases size"]


def _rounding(terms: int) -> float:
    """Above the relative error of a sum of so many products, and of its own use."""
    return 2 * (terms + 2) * np.finfo(np.float64).eps


def _solve(
    weight: np.ndarray, bias: np.ndarray, chosen: np.ndarray, bases: np.ndarray
) -> _Solved:
    """Solve W[T, R] u = -b[T] for all sets T and bases R.

    With an approximate inverse X of A and |I - X A| <= alpha < 1 in the maximum norm, A
    is regular and the error of u at most |X| |A u + b| and alpha / (1 - alpha) times
    the largest entry of that.
    """
    size = chosen.shape[1]
    A = weight[chosen[:, None, :, None], bases[None, :, None, :]]
    b = np.broadcast_to(bias[chosen][:, None, :, None], (*A.shape[:3], 1))
    with np.errstate(all="ignore"):
        try:
            X = np.linalg.inv(A)
        except np.linalg.LinAlgError:
            X = np.full_like(A, np.nan)
        u, unit = -X @ b, _rounding(size + 1)
        rest = abs(A @ u + b) + unit * (abs(A) @ abs(u) + abs(b)) + TINY
        off = abs(np.eye(size) - X @ A) + unit * (abs(X) @ abs(A) + 1) + TINY
        alpha = off.sum(axis=-1).max(axis=-1)[..., None] * (1 + unit)
        error = (abs(X) @ rest)[..., 0] * (1 + unit)
        error += alpha / (1 - alpha) * error.max(axis=-1, keepdims=True)
        error *= 1 + unit
    known = (alpha < 0.5) & np.isfinite(error)
    return _Solved(u[..., 0], np.where(known, error, np.inf))


def _others_are_not_zero(
    weight: np.ndarray,
    bias: np.ndarray,
    chosen: np.ndarray,
    bases: np.ndarray,
    solved: _Solved,
) -> Bool[np.ndarray, "sets bases"]:
    """Where all second units outside the set are proved other than zero."""
    columns = weight.T[bases]
    unit = _rounding(chosen.shape[1] + 1)
    with np.errstate(all="ignore"):
        value = np.einsum("tbi,bij->tbj", solved.solution, columns) + bias
        reach = abs(solved.solution) * unit + solved.error
        bound = np.einsum("tbi,bij->tbj", reach, abs(columns)) + unit * abs(bias) + TINY
        apart = abs(value) > bound * (1 + unit)
    np.put_along_axis(apart, chosen[:, None, :], True, axis=-1)
    return apart.all(axis=-1)


def _exactly_positive(
    weight: np.ndarray, bias: np.ndarray, chosen: np.ndarray, basis: np.ndarray
) -> bool:
    """The same for one set and one basis, in rational arithmetic."""
    exact = [[to_fmpq(float(weight[t, i])) for i in basis] for t in range(len(bias))]
    shift = [to_fmpq(float(v)) for v in bias]
    table = fmpq_mat([exact[t] for t in chosen])
    if table.det() == 0:
        raise _degenerate()
    u = table.solve(fmpq_mat([[-shift[t]] for t in chosen])).entries()
    if min(u) < 0:
        return False
    values = [sum(w * v for w, v in zip(row, u, strict=True)) for row in exact]
    others = set(range(len(bias))) - set(chosen.tolist())
    if min(u) == 0 or any(values[t] + shift[t] == 0 for t in others):
        raise _degenerate()
    return True
