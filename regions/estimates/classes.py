"""The regions of one class: a network whose last units compare its outputs."""

import numpy as np

from regions.network import Layer, ReluNetwork


def class_network(network: ReluNetwork, label: int) -> ReluNetwork:
    """The network with units that are on where output `label` exceeds another one.

    A region holds points of the class, its interior does, where all of these units are
    on; that part of it is convex, so that there is one for each such region. Outputs
    become a layer without kinks first: a difference of two of them is exact then, which
    one of two rows of weights would not be.

    Args:
        network: The network, with two outputs or more.
        label: Which output is the largest, from 0.

    Raises:
        ValueError: If there is no such output, or only one.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None)
        >>> class_network(net, 0).widths
        (2, 2, 1)
    """
    outputs = network.output.width
    if outputs < 2 or not 0 <= label < outputs:
        raise ValueError(
            f"`of_class` is {label} and the network has {outputs} outputs: two or more "
            "are required, and the number of one of them, from 0."
        )
    compared = np.delete(-np.eye(outputs), label, axis=0)
    compared[:, label] = 1.0
    nothing = np.zeros(outputs - 1)
    comparison = Layer(compared, nothing, nothing)
    last = Layer(np.zeros((1, outputs - 1)), np.zeros(1), np.ones(1))
    return ReluNetwork((*network.hidden, network.output, comparison), last)
