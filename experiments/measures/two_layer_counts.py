"""Exact counts of networks with two hidden layers, the first no wider than the input.

If the rows of the first layer's weights are independent, its pre-activations z cover
all of R^a for a units, and the network has as many regions as its second layer makes in
the orthants of z. A pattern is a set S of active units of the first layer and signs s
of the second. It occurs if and only if some u > 0 on S gives every second unit its
sign. As the signs are strict, zeros among the u do no harm: what occurs with S occurs
with every set that contains S. If it does not occur, weights y >= 0 of the second units
prove it (Gordan), and the same weights prove it for all subsets of the first units that
they let rise nowhere. So one linear program, solved in rational arithmetic, decides
many sets, and millions of regions are counted with thousands of programs.
"""

import numpy as np
from flint import fmpq_mat
from jaxtyping import Float64

import regions
from regions.exact import to_fmpq
from regions.lp.exact_lp import interior


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


def count_by_supports(network: regions.ReluNetwork) -> int:
    """Regions of the whole space of a ReLU network with two hidden layers, exactly.

    Args:
        network: As `pre_activation_network` gives it: the first layer is the identity.

    Raises:
        ValueError: If the second layer has a bias that is exactly zero.
    """
    first, second = network.hidden
    if first.slopes.any() or second.slopes.any():
        raise ValueError("a unit is no ReLU: slopes of 0 are required.")
    if not second.bias.all():
        raise ValueError("a bias of the second layer is 0: others are required.")
    return _Search(second.weight, second.bias).count()


class _Search:
    """Sets of active first units, as bit masks, unit by unit of the second layer."""

    def __init__(
        self,
        weight: Float64[np.ndarray, "second first"],
        bias: Float64[np.ndarray, " second"],
    ):
        self._weight, self._bias = weight, bias
        self._exact = [[to_fmpq(float(v)) for v in row] for row in weight]
        masks = np.arange(1 << weight.shape[1])
        self._masks = masks[np.argsort(np.bitwise_count(masks), kind="stable")]
        self.programs = 0

    def count(self) -> int:
        """Number of pairs of a set and signs that occur."""
        return self._below((), np.ones(len(self._masks), bool))

    def _below(self, signs: tuple[int, ...], occurs: np.ndarray) -> int:
        """Pairs whose signs begin with these, which occur with the sets given."""
        if len(signs) == len(self._bias):
            return int(occurs.sum())
        total = 0
        for sign in (1, -1):
            longer = (*signs, sign)
            found = self._occurring(longer, occurs)
            if found.any():
                total += self._below(longer, found)
        return total

    def _occurring(self, signs: tuple[int, ...], among: np.ndarray) -> np.ndarray:
        """Which sets occur with the signs, of those that do with all but the last."""
        undecided, occurs = among.copy(), np.zeros_like(among)
        while undecided.any():
            # The smallest one: what it decides if it occurs is the most.
            mask = int(self._masks[np.argmax(undecided)])
            blocked = self._blocked(signs, mask)
            if blocked is None:
                decided = (self._masks & mask) == mask
                occurs |= decided & undecided
            else:
                decided = (self._masks & ~blocked) == 0
            undecided &= ~decided
        return occurs

    def _blocked(self, signs: tuple[int, ...], mask: int) -> int | None:
        """None if the set occurs, else a set around it no subset of which does."""
        chosen = [k for k in range(self._weight.shape[1]) if mask >> k & 1]
        factor = np.array(signs, float)
        rows = factor[:, None] * self._weight[: len(signs), chosen]
        rights = factor * self._bias[: len(signs)]
        A = np.concatenate([-np.eye(len(chosen)), -rows])
        self.programs += 1
        answer = interior(A, np.concatenate([np.zeros(len(chosen)), rights]))
        if answer.multipliers is None:
            return None
        weights = {
            row - len(chosen): y
            for row, y in answer.multipliers.items()
            if row >= len(chosen)
        }
        blocked = 0
        for unit in range(self._weight.shape[1]):
            rise = sum(y * signs[j] * self._exact[j][unit] for j, y in weights.items())
            blocked |= int(rise <= 0) << unit
        return blocked


def count_two_layers(network: regions.ReluNetwork) -> int:
    """Regions of the whole input space of a network with two hidden layers.

    Raises:
        ValueError: If the first layer has not full row rank.
    """
    return count_by_supports(pre_activation_network(network))
