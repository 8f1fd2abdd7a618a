"""What is proved about all inputs of a network, through a network on a cube.

With `t = max(1 - |z|_1, 0)` that network has at `z` of [-1, 1]^dim the outputs of the
first one at `z / t`, times `t`. Each input x is such a point: that of
z = x / (1 + |x|_1), where t is positive. Outputs have thus one order at both.
"""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from regions.certificates.checks import Wrong
from regions.certificates.rationals import Row
from regions.domains.shapes import Box, Domain
from regions.errors import FileFormatError
from regions.network import ReluNetwork

_OTHER = {"comparison", "regions", "size"}
"""Proofs and claims of other kinds, which are about the network as it is."""


def is_everywhere(body: dict[str, Any]) -> bool:
    """Whether the answer in a file is one about all inputs."""
    is_radius = body["question"] == "robust_radius"
    return is_radius and body["about"].get("everywhere") is True


def network_on_cube(network: ReluNetwork) -> ReluNetwork:
    """The network on the cube, written from what its layers have to compute.

    Raises:
        FileFormatError: If the network has skip blocks, of which nothing is proved so.
    """
    if any(layer.skips for layer in network.layers):
        raise FileFormatError("the answer is about all inputs of skip blocks.")
    dim = network.input_dim
    places = range(dim)
    unit = [[float(i == k) for i in places] for k in places]
    minus = [[-v for v in row] for row in unit]
    weights = [
        unit + minus,
        [[*a, *b] for a, b in zip(unit, minus, strict=True)] + [[-1.0] * (2 * dim)],
    ]
    biases = [[0.0] * (2 * dim), [0.0] * dim + [1.0]]
    slopes = [[0.0] * (2 * dim), [1.0] * dim + [0.0]]
    for layer in network.layers:
        pairs = zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
        rows = [[*row, bias] for row, bias in pairs]
        if layer is not network.output:
            rows.append([0.0] * layer.weight.shape[1] + [1.0])
            slopes.append([*layer.slopes.tolist(), 1.0])
        weights.append(rows)
        biases.append([0.0] * len(rows))
    return ReluNetwork.from_arrays(weights, biases, slopes)


def place_in_cube(point: Sequence[fmpq]) -> Row:
    """The point of the cube that belongs to an input."""
    size = sum((abs(v) for v in point), fmpq(1))
    return [v / size for v in point]


def require_everywhere(body: dict[str, Any], domain: Domain) -> str:
    """Whether a file says that the whole cube has one class, and nothing else.

    Raises:
        Wrong: If not.
    """
    if ("claims" in body) == ("partition" in body) or _OTHER & {*body, *body["about"]}:
        raise Wrong("all inputs need claims or a partition, and nothing else")
    if not isinstance(domain, Box) or domain != Box.cube(domain.dim):
        raise Wrong("the domain is not the cube of all inputs")
    if body["value"] is not None:
        raise Wrong("no other class is anywhere, and a radius is given")
    return "the cube that holds them"
