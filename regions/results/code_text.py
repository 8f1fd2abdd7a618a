"""Codes, that is activation patterns, as text."""

import itertools

import numpy as np
from jaxtyping import Bool

from regions.network import ReluNetwork


def code_text(network: ReluNetwork, bits: Bool[np.ndarray, " bits"]) -> str:
    """A code as 0s and 1s with a space between layers; `-` for a layer of no bits.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]], [[1.0]]], None)
        >>> code_text(net, np.array([True, False, True]))
        '10 1'
    """
    stops = np.cumsum([0, *(int(layer.kinks.sum()) for layer in network.hidden)])
    text = "".join("1" if bit else "0" for bit in bits)
    words = [text[a:b] or "-" for a, b in itertools.pairwise(stops)]
    return " ".join(words) or "-"
