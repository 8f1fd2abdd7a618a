"""Two networks as one with the outputs of both, and one with a layer more; exact."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from regions.network import Layer, ReluNetwork


def side_by_side(first: ReluNetwork, second: ReluNetwork) -> ReluNetwork:
    """A network with the outputs of `first`, then those of `second`.

    No number is computed: the weights are those of the two, so that nothing is rounded.
    The shallower one is read through skip blocks where it has ended.

    Raises:
        ValueError: If the networks read different numbers of inputs.

    Example:
        >>> one = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> side_by_side(one, one)(np.array([[1.0, -3.0]]))
        array([[1., 1.]])
    """
    if first.input_dim != second.input_dim:
        raise ValueError(
            f"one network reads {first.input_dim} inputs and the other "
            f"{second.input_dim}: they must be equal."
        )
    networks = (first, second)
    depth = max(len(network.hidden) for network in networks)
    widths = [
        [_width(network, index) for network in networks] for index in range(depth)
    ]
    layers = []
    for index in range(depth):
        parts = [
            (network.hidden[index], index) if index < len(network.hidden) else None
            for network in networks
        ]
        layers.append(_joined(parts, index, first.input_dim, widths))
    ends = [(network.output, len(network.hidden)) for network in networks]
    output = _joined(ends, depth, first.input_dim, widths)
    return ReluNetwork(tuple(layers), output)


def _width(network: ReluNetwork, index: int) -> int:
    """Units of a hidden layer; none where the network has ended."""
    return network.hidden[index].width if index < len(network.hidden) else 0


def _joined(
    parts: Sequence[tuple[Layer, int] | None],
    index: int,
    dim: int,
    widths: list[list[int]],
) -> Layer:
    """One layer of the two networks; each part with its index in its own network."""
    sizes = [0 if part is None else part[0].width for part in parts]
    blocks: dict[int, np.ndarray] = {}
    for side, part in enumerate(parts):
        if part is None:
            continue
        layer, own = part
        rows = slice(sum(sizes[:side]), sum(sizes[: side + 1]))
        for source, matrix in layer.blocks(own):
            columns = dim if source == 0 else sum(widths[source - 1])
            before = 0 if source == 0 else sum(widths[source - 1][:side])
            block = blocks.setdefault(source, np.zeros((sum(sizes), columns)))
            block[rows, before : before + matrix.shape[1]] = matrix
    columns = dim if index == 0 else sum(widths[index - 1])
    weight = blocks.pop(index, np.zeros((sum(sizes), columns)))
    held = [part[0] for part in parts if part is not None]
    return Layer(
        weight,
        np.concatenate([layer.bias for layer in held]),
        np.concatenate([layer.slopes for layer in held]),
        tuple(sorted(blocks.items())),
    )


def with_affine_units(
    network: ReluNetwork,
    matrix: Float64[np.ndarray, "units outputs"],
    shift: Float64[np.ndarray, " units"],
) -> ReluNetwork:
    """A network with one more hidden layer: ReLUs of affine functions of the outputs.

    The outputs become a layer of units of slope 1, which make no kink, so that nothing
    is rounded. The result has no output of interest: it is for its regions.

    Args:
        network: The network.
        matrix: Row k is unit k as a function of the outputs.
        shift: Its offset.

    Example:
        >>> net = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
        >>> low = with_affine_units(net, np.array([[-1.0]]), np.array([2.0]))
        >>> low.patterns(np.array([[1.5], [-2.5]]))[:, -1]  # |x| below 2?
        array([ True, False])
    """
    depth, outputs = len(network.hidden), network.output_dim
    skips = {index: dict(layer.skips) for index, layer in enumerate(network.layers)}
    skips[depth + 2] = {depth + 1: np.eye(outputs)}
    return ReluNetwork.from_arrays(
        [*(h.weight for h in network.layers), matrix, np.zeros((outputs, len(shift)))],
        [*(h.bias for h in network.layers), shift, np.zeros(outputs)],
        [*(h.slopes for h in network.layers), np.zeros(len(shift))],
        skips=skips,
    )
