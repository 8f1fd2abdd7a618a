"""Smaller networks that are nearly equal: units removed by their data, or merged.

Units whose bit is the same at all data points are constant or linear there; units with
nearly proportional weights are nearly multiples of each other. Neither changes much on
the data, and how much elsewhere is to be measured.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

import regions


class Draft(NamedTuple):
    """A ReLU network being made smaller.

    Attributes:
        weights: Weights of each layer, `(fan_out, fan_in)`, output last.
        biases: Likewise.
        slopes: Slopes of the units of each hidden layer: 1 for a unit that is held on.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    slopes: list[np.ndarray]

    def network(self) -> regions.ReluNetwork:
        """The network; a unit held on takes no bit."""
        return regions.ReluNetwork.from_arrays(self.weights, self.biases, self.slopes)

    def without(self, layer: int, kept: Bool[np.ndarray, " units"]) -> "Draft":
        """Without some units of a hidden layer.

        A layer must have a unit: where none is kept, one of zero weights is.
        """
        weights, biases, slopes = ([array.copy() for array in part] for part in self)
        if not kept.any():
            kept = np.arange(len(kept)) == 0
            for part in (weights[layer], biases[layer], weights[layer + 1]):
                part *= 0.0
            slopes[layer] = np.ones_like(slopes[layer])
        weights[layer] = weights[layer][kept]
        biases[layer] = biases[layer][kept]
        slopes[layer] = slopes[layer][kept]
        weights[layer + 1] = weights[layer + 1][:, kept]
        return Draft(weights, biases, slopes)


def to_draft(network: regions.ReluNetwork) -> Draft:
    """A ReLU network without skip blocks, to be made smaller.

    Raises:
        ValueError: If it has skip blocks, or slopes other than 0 and 1.
    """
    slopes = [layer.slopes for layer in network.hidden]
    if network.has_skips or not all(np.isin(part, (0.0, 1.0)).all() for part in slopes):
        raise ValueError(
            "the network has skip blocks, or slopes other than 0 and 1: a plain ReLU "
            "network is required."
        )
    return Draft(
        [layer.weight.copy() for layer in network.layers],
        [layer.bias.copy() for layer in network.layers],
        [part.copy() for part in slopes],
    )


def remove_by_data(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> regions.ReluNetwork:
    """Without the units whose removal changes no pattern and no output at the points.

    A unit that is off at all points is removed; one that is on at all of them is held
    on, and takes no bit. At the points all other bits and the outputs stay.

    Args:
        network: A plain ReLU network.
        points: The data.
    """
    draft, pres = to_draft(network), network.pre_activations(points)
    for layer, pre in enumerate(pres[:-1]):
        on = pre > 0.0
        draft.slopes[layer][on.all(axis=0)] = 1.0
    for layer, pre in enumerate(pres[:-1]):
        linear = draft.slopes[layer] == 1.0
        draft = draft.without(layer, (pre > 0.0).any(axis=0) | linear)
    return draft.network()


def remove_lightest(network: regions.ReluNetwork, share: float) -> regions.ReluNetwork:
    """Without the units that weigh least: row norm times norm of the weights on it.

    Args:
        network: A plain ReLU network.
        share: Share of the units of every hidden layer that go; their number is rounded
            down.
    """
    draft = to_draft(network)
    for layer in range(len(draft.slopes)):
        rows = np.column_stack([draft.weights[layer], draft.biases[layer]])
        readers = np.linalg.norm(draft.weights[layer + 1], axis=0)
        order = np.argsort(np.linalg.norm(rows, axis=1) * readers, kind="stable")
        kept = np.ones(len(order), bool)
        kept[order[: int(share * len(order))]] = False
        draft = draft.without(layer, kept)
    return draft.network()


def merge_units(network: regions.ReluNetwork, tolerance: float) -> regions.ReluNetwork:
    """Merge units of a layer whose rows `(w, b)` point in nearly one direction.

    Pairs are merged from the closest on, layer by layer. A unit goes into the one that
    matters more (row norm times norm of the weights on it), whose readers take it as
    the multiple that its norm says: near-identical creases with like sides.

    Args:
        network: A plain ReLU network.
        tolerance: Largest angle of two merged rows, in radians; 0 merges none.
    """
    draft = to_draft(network)
    for layer in range(len(draft.slopes)):
        draft = _merge_layer(draft, layer, tolerance)
    return draft.network()


def _merge_layer(draft: Draft, layer: int, tolerance: float) -> Draft:
    """Merge within one hidden layer."""
    rows = np.column_stack([draft.weights[layer], draft.biases[layer]])
    norms = np.linalg.norm(rows, axis=1)
    readers = draft.weights[layer + 1].copy()
    alive = norms > 0.0
    angles = _angles(rows, norms, draft.slopes[layer])
    for i, j in _closest_first(angles, tolerance):
        if not (alive[i] and alive[j]):
            continue
        weight_i, weight_j = (norms[k] * np.linalg.norm(readers[:, k]) for k in (i, j))
        into, gone = (i, j) if weight_i >= weight_j else (j, i)
        readers[:, into] += norms[gone] / norms[into] * readers[:, gone]
        alive[gone] = False
    # A unit of zero weights is a constant: only one with a bias matters, and stays.
    alive |= norms == 0.0
    weights = [*draft.weights]
    weights[layer + 1] = readers
    return draft._replace(weights=weights).without(layer, alive)


def _angles(rows: np.ndarray, norms: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Angle of each pair of rows; half a turn where they cannot be merged."""
    safe = np.where(norms > 0.0, norms, 1.0)
    unit = rows / safe[:, None]
    # Of small angles the chord is exact where the cosine is not.
    chords = np.linalg.norm(unit[:, None] - unit[None], axis=2)
    angles = 2.0 * np.arcsin(np.minimum(chords / 2.0, 1.0))
    mergeable = (norms > 0.0)[:, None] & (norms > 0.0)[None]
    mergeable &= slopes[:, None] == slopes[None]
    return np.where(mergeable, angles, np.pi)


def _closest_first(angles: np.ndarray, tolerance: float) -> list[tuple[int, int]]:
    """Pairs within the tolerance, the closest first."""
    first, second = np.triu_indices(len(angles), 1)
    near = angles[first, second] <= tolerance
    near &= tolerance > 0.0
    order = np.argsort(angles[first, second][near], kind="stable")
    return list(
        zip(first[near][order].tolist(), second[near][order].tolist(), strict=True)
    )
