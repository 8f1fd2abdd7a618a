"""Classes of networks of one output: those of two scores, threshold and output."""

import copy
import dataclasses

import numpy as np
from jaxtyping import Float64

import regions
from regions.partition.class_polygons import ClassPolygons, class_polygons


def class_scores(
    network: regions.ReluNetwork, threshold: float | None = None
) -> regions.ReluNetwork:
    """The network with one output per class, of which the largest decides.

    It is the network itself, unless that has one output: then the threshold is the
    score of class 0 and the output that of class 1, so that class 1 is where the output
    is above the threshold. Hidden layers, and with them patterns and regions, stay the
    same.

    Args:
        network: Any.
        threshold: Output above which a network of one output says class 1; None is 0.

    Example:
        >>> net = regions.ReluNetwork.from_arrays([[[2.0]]], [[1.0]])
        >>> class_scores(net, 0.5)(np.array([[1.0]]))
        array([[0.5, 3. ]])
    """
    if network.output_dim > 1:
        return network
    last = network.output
    output = dataclasses.replace(
        last,
        weight=_below_zeros(last.weight),
        bias=np.array([threshold or 0.0, last.bias[0]]),
        slopes=np.ones(2),
        skips=tuple((source, _below_zeros(matrix)) for source, matrix in last.skips),
    )
    return dataclasses.replace(network, output=output)


def _below_zeros(row: Float64[np.ndarray, "1 dim"]) -> Float64[np.ndarray, "2 dim"]:
    """A matrix of one row, with a row of zeros above it."""
    return np.vstack([np.zeros_like(row), row])


def class_pieces(
    found: regions.RegionSet,
    polygons: list[Float64[np.ndarray, "_ 2"]],
    threshold: float | None = None,
) -> ClassPolygons:
    """The regions of a plane cut along the decision boundary.

    Args:
        found: On a two-dimensional domain.
        polygons: Corners of each region, from `regions.partition.class_polygons`.
        threshold: Output above which a network of one output says class 1; None is 0.
    """
    scored = copy.copy(found)
    scored.network = class_scores(found.network, threshold)
    return class_polygons(scored, polygons)
