"""Cells of hard attention heads over a fixed context.

With the tokens of its context fixed, a head of hard attention gives to a query x the
token i with the largest score a_i x + b_i. Its cells are those of a power diagram: the
domains on which one of N affine functions is the largest. Several heads cut together.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

import regions
from regions.models.maxout import maxout_network

HALF_WIDTH = 2.0**20
"""So large that cells beyond it are few: for tokens of size about one."""


class Heads(NamedTuple):
    """The scores of several heads.

    Attributes:
        rows: For each head, a row for each token.
        offsets: For each head, an offset for each token.
    """

    rows: Float64[np.ndarray, "heads tokens dim"]
    offsets: Float64[np.ndarray, "heads tokens"]


def nearest(dim: int, tokens: int, heads: int, seed: int) -> Heads:
    """Normal keys, and the nearest one wins: each token has a cell in each head."""
    keys = _normal((heads, tokens, dim), seed)
    return Heads(keys, -0.5 * (keys * keys).sum(2))


def plain(dim: int, tokens: int, heads: int, seed: int) -> Heads:
    """Products of the query and normal keys alone: all cells are cones."""
    return Heads(_normal((heads, tokens, dim), seed), np.zeros((heads, tokens)))


def parallel(dim: int, tokens: int, heads: int, seed: int) -> Heads:
    """Keys along one direction a head, which cut space into slabs of width one."""
    # As many directions as there is room for are axes, so that slabs meet in boxes.
    axes = np.eye(dim)[:heads]
    others = _normal((max(0, heads - dim), dim), seed)
    directions = np.concatenate([axes, others])
    steps = np.arange(tokens) - (tokens - 1) // 2
    shift = _normal((heads,), seed + 1)[:, None]
    rows = steps[None, :, None] * directions[:, None, :]
    return Heads(rows, -0.5 * steps**2 + shift * steps)


LAWS = {"parallel": parallel, "nearest": nearest, "plain": plain}


def count_cells(heads: Heads) -> int:
    """Number of cells in a box of half-width `HALF_WIDTH`, exactly.

    The largest score of each head is a maxout unit. Where the same token wins in every
    head the units are one affine map, and the cell is convex: so cells are the linear
    regions, unless two tokens have the same key.
    """
    count, _, dim = heads.rows.shape
    network = maxout_network(
        [heads.rows.swapaxes(0, 1)], [heads.offsets.T], np.eye(count), np.zeros(count)
    )
    box = regions.Box.cube(dim, HALF_WIDTH)
    found = regions.enumerate_regions(network, box)
    return int(found.require_complete().linear_regions().count)


def most_cells(dim: int, tokens: int, heads: int) -> int:
    """The most cells that heads can have together: `tokens**heads` if heads <= dim.

    `sum_{j <= dim} C(heads, j) (tokens - 1)^j`, the bound of a layer of maxout units
    (Montufar, Ren & Zhang, 2104.08135).
    """
    return sum(math.comb(heads, j) * (tokens - 1) ** j for j in range(dim + 1))


def _normal(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Normal numbers that are float32, so that sums of few products do not round."""
    drawn = np.random.default_rng([seed, *shape]).standard_normal(shape)
    return drawn.astype(np.float32).astype(np.float64)
