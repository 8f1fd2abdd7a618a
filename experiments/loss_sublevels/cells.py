"""Cells of the space of parameters on which a classifier treats its data alike.

A classifier is the sign of g(x) - h(x), each the largest of a few affine functions. At
one point of the data that is a maxout network of the parameters; so the parameters fall
into cones, on each of which the same functions win and the same points are positive.
Adding one affine function to g and h changes nothing, so that the last one of h is 0.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import regions
from regions.models.joint import with_affine_units
from regions.models.maxout import maxout_network


class Model(NamedTuple):
    """How many affine functions g and h are the largest of.

    Attributes:
        up: Functions of g: 1 or 2.
        down: Functions of h, that which is 0 included: 1 or 2.
    """

    up: int
    down: int

    def num_parameters(self, dim: int) -> int:
        """Parameters of a classifier of points of this dimension."""
        return (self.up + self.down - 1) * (dim + 1)


class Cells(NamedTuple):
    """The cones of the space of parameters.

    Attributes:
        positive: Which points of the data are positive on each.
        pairs: Cones that share a facet.
    """

    positive: Bool[np.ndarray, "cells points"]
    pairs: Int64[np.ndarray, "pairs 2"]


def parameter_network(
    model: Model, points: Float64[np.ndarray, "points dim"]
) -> regions.ReluNetwork:
    """The network of the parameters whose last units are g - h at each point."""
    count, dim = points.shape
    data = np.column_stack([points, np.ones(count)])
    functions = model.up + model.down - 1
    if functions == 1:
        return regions.ReluNetwork.from_arrays([data, np.zeros((1, count))], None)
    # Row f of a point: function f there, as a function of all parameters.
    rows = np.zeros((functions + 1, count, model.num_parameters(dim)))
    for f in range(functions):
        rows[f, :, f * (dim + 1) : (f + 1) * (dim + 1)] = data
    # Each maximum is of two, which may be one and the same.
    players = [(0, model.up - 1)]
    if model.down == 2:
        players.append((functions - 1, functions))
    weight = np.stack([rows[[p[side] for p in players]] for side in (0, 1)])
    weight = weight.reshape(2, len(players) * count, -1)
    signs = np.array([1.0, -1.0])[: len(players)]
    gap = np.kron(signs, np.eye(count))
    net = maxout_network([weight], [np.zeros(weight.shape[:2])], gap, np.zeros(count))
    return with_affine_units(net, np.eye(count), np.zeros(count))


def parameter_cells(model: Model, points: Float64[np.ndarray, "points dim"]) -> Cells:
    """All cones; each meets a box around the origin, in which they are found."""
    network = parameter_network(model, points)
    box = regions.Box.cube(network.input_dim, 1.0)
    found = regions.enumerate_regions(network, box).require_complete()
    pairs, _ = found.neighbors
    return Cells(found.pattern_bits()[:, -len(points) :], np.asarray(pairs, np.int64))


def components(
    cells: Cells, labels: Bool[np.ndarray, " points"]
) -> Int64[np.ndarray, " levels"]:
    """For each number of errors, the components of the cones with no more errors.

    Cones that share a facet are joined; others meet in less, and all in the origin.
    """
    errors = (cells.positive != labels).sum(1)
    one, other = cells.pairs.T
    result = np.zeros(len(labels) + 1, np.int64)
    for most in range(len(labels) + 1):
        inside = errors <= most
        kept = inside[one] & inside[other]
        graph = coo_array(
            (np.ones(int(kept.sum()), np.int8), (one[kept], other[kept])),
            (len(errors), len(errors)),
        )
        # Each cone outside is a component of its own.
        total = connected_components(graph, directed=False)[0]
        result[most] = total - int((~inside).sum())
    return result
