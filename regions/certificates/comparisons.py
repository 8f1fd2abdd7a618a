"""Equal networks: a tree of signs and boxes, on whose leaves the outputs are equal.

A leaf says one of two things. Its outputs are equal as combinations of units, where
units that vanish together are one (`equal_units`); or it has no interior, by
multipliers. The other leaves fill the domain but for what is nowhere dense, and outputs
are continuous: so they are equal everywhere.
"""

from typing import Any

import numpy as np
from flint import fmpq

from regions.certificates.answer_bounds import ExactLayers, Unit
from regions.certificates.checks import Wrong
from regions.certificates.claims import Claim, Leaf
from regions.certificates.equal_units import Sum, is_affine, merged
from regions.certificates.facets import chart_ends
from regions.certificates.rationals import Row, numbers
from regions.domains.shapes import BoundedDomain, Box, Domain, HPolytope, WholeSpace
from regions.network import Layer, ReluNetwork


def check_comparison(body: dict[str, Any], network: ReluNetwork, domain: Domain) -> str:
    """Whether the tree in a file proves the halves of the outputs equal.

    Raises:
        Wrong: If not, with the leaf.
    """
    question, value = body["question"], body["value"]
    is_none = question == "largest_difference" and value == "0"
    if not (is_none or (question == "are_equal" and value is True)):
        raise Wrong("a comparison proves networks equal, and nothing else")
    bounded: BoundedDomain
    if domain.is_bounded:
        assert not isinstance(domain, WholeSpace)
        bounded = domain
    else:
        network, bounded = _cone(network, domain)
    given = body["comparison"]
    if (numbers(given["low"]), numbers(given["high"])) != chart_ends(bounded):
        raise Wrong("the comparison is not about the whole domain")
    comparison = _Comparison(given, network, bounded)
    return comparison.verdict()


class _Comparison(Claim):
    """A tree without goals: its leaves have no interior, or equal outputs."""

    def __init__(
        self, given: dict[str, Any], network: ReluNetwork, domain: BoundedDomain
    ):
        layers = ExactLayers(network, domain)
        super().__init__({**given, "goals": [[]]}, layers, network, domain)
        self._ends: dict[int, tuple[list[Row], list[Row]]] = {}

    def verdict(self) -> str:
        """Whether all leaves are what they must be."""
        leaves, equal = self.leaves(), 0
        for leaf in leaves:
            if self._claim["tree"][leaf.number].get("same") is True:
                self._check_same(leaf)
                equal += 1
            elif self.bound(leaf, *self._ends_of(leaf)) is not None:
                raise Wrong(f"leaf {leaf.number} is not empty")
        return f"the outputs are equal on {equal} of {len(leaves)} leaves, others flat"

    def _check_same(self, leaf: Leaf) -> None:
        """Whether the outputs are equal on a leaf."""
        outputs, _ = self._merged(leaf)
        half = len(outputs) // 2
        for k in range(half):
            if outputs[k] != outputs[half + k]:
                raise Wrong(f"leaf {leaf.number}: output {k} differs by its units")

    def _ends_of(self, leaf: Leaf) -> tuple[list[Row], list[Row]]:
        """Bounds of all units where the box of a leaf begins, proved once."""
        if leaf.begins not in self._ends:
            self._ends[leaf.begins] = self.unit_ends(leaf)
        return self._ends[leaf.begins]

    def _merged(self, leaf: Leaf) -> tuple[list[Sum], list[list[Sum]]]:
        """Outputs and pre-activations as sums of units, where signs are known."""
        signs = dict(leaf.fixed)
        if self._claim["bounds"]:
            for layer, ends in enumerate(zip(*self._ends_of(leaf), strict=True)):
                for unit, (low, high) in enumerate(zip(*ends, strict=True)):
                    if low >= 0 or high <= 0:
                        signs.setdefault((layer, unit), low >= 0)
        return merged(self._network, self._domain, signs)

    def is_flat(
        self, leaf: Leaf, signs: dict[Unit, fmpq], rows: dict[int, fmpq]
    ) -> bool:
        """Whether what is 0 in a sum of no more than 0 is so on a hyperplane alone."""
        if any(v != 0 and any(self._rows[k][:-1]) for k, v in rows.items()):
            return True
        used = [unit for unit, v in signs.items() if v != 0]
        if any(leaf.fixed[unit] for unit in used):
            return True  # A unit that is on vanishes nowhere, by convention.
        pre = self._merged(leaf)[1] if used else []
        return any(is_affine(pre[layer][unit]) for layer, unit in used)


def _cone(network: ReluNetwork, domain: Domain) -> tuple[ReluNetwork, BoundedDomain]:
    """Networks with an input s by which biases are multiplied, in a box around 0.

    Where s is positive, they are s times the networks at x / s. So they are equal in a
    box around 0, all of whose rays they scale with, if and only if the networks are.
    """
    layers, dim = [], network.input_dim
    for index, layer in enumerate(network.layers):
        table = dict(layer.blocks(index))
        held = table.get(0, np.zeros((layer.width, dim)))
        table[0] = np.column_stack([held, layer.bias])
        weight, zeros = table.pop(index), np.zeros(layer.width)
        layers.append(Layer(weight, zeros, layer.slopes, tuple(sorted(table.items()))))
    lifted = ReluNetwork(tuple(layers[:-1]), layers[-1])
    low, high = np.append(-np.ones(dim), 0.0), np.ones(dim + 1)
    if isinstance(domain, WholeSpace):
        return lifted, Box(low, high)
    assert isinstance(domain, HPolytope)
    rows = np.column_stack([domain.A, -domain.b])
    eye = np.eye(dim + 1)
    return lifted, HPolytope(
        np.concatenate([rows, eye[:-1], -eye[:-1], eye[-1:], -eye[-1:]]),
        np.concatenate([np.zeros(len(rows)), np.ones(2 * dim), [1.0, 0.0]]),
    )
