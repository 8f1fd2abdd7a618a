"""Which settings are trained in one program: filled up to one shape.

To compile a program takes longer than to train a hundred small networks. Units, inputs
and layers are added that change nothing:

- A unit that reads zeros and is read by zeros has no gradient, and neither have the
  weights of an input that is always zero: they stay zero.
- Numbers that are not negative pass a layer whose matrix is the identity. Adam does
  not move weights whose second moments are infinite.
"""

from typing import Any

import jax
import numpy as np
from jaxtyping import Float32

from experiments.scaling_study.settings import Config, Setting

Params = dict[str, Any]
"""As `training.models.to_params` gives them, with a leading axis of networks."""
PROGRAM_SECONDS = 1.5
"""To compile one program."""
UNIT_SECONDS = 1.1e-9
"""To update one unit on one point."""
PRODUCT_SECONDS = 8e-11
"""The same of one weight."""
MOST_COORDINATES = 1 << 24
"""Each network is given its points, where those of several settings differ."""


PASSING = ("relu", "abs")
"""Activations of which numbers that are not negative come out as they are."""


def groups_of(config: Config) -> list[list[Setting]]:
    """All settings, those together that are trained together.

    Example:
        >>> from experiments.scaling_study.settings import Family
        >>> families = (Family(varies="width", values=(3, 8, 500)),)
        >>> groups = groups_of(Config(families=families))
        >>> [[setting.width for setting in group] for group in groups]
        [[3, 8], [500]]
    """
    kinds: dict[Any, list[Setting]] = {}
    for s in config.settings():
        depth = 0 if s.activation in PASSING else len(s.hidden)
        alike = s.activation, s.slope, s.epochs, s.learning_rate, depth
        kinds.setdefault(alike, []).append(s)
    return [group for kind in kinds.values() for group in _cut(kind, config)]


def _cut(settings: list[Setting], config: Config) -> list[list[Setting]]:
    """Groups of settings of one kind, shallow ones first, that take the least time."""
    ordered = sorted(
        settings, key=lambda s: (len(s.hidden), _seconds([s], config), s.key)
    )
    # Of the first so many: their time, and where their last group begins.
    best = [(0.0, 0)]
    for end in range(1, len(ordered) + 1):
        best.append(
            min(
                (best[begin][0] + _seconds(ordered[begin:end], config), begin)
                for begin in range(end)
            )
        )
    groups, end = [], len(ordered)
    while end:
        begin = best[end][1]
        groups.append(ordered[begin:end])
        end = begin
    return groups[::-1]


def _seconds(group: list[Setting], config: Config) -> float:
    """What it takes to train a group in one program, about."""
    dim, hidden = common_shape(group)
    updates = len(group) * config.seeds * config.points
    if not share_points(group, config) and updates * dim > MOST_COORDINATES:
        return float("inf")
    sizes = (dim, *hidden)
    weights = sum(a * b for a, b in zip(sizes, hidden, strict=False))
    each = UNIT_SECONDS * sum(hidden) + PRODUCT_SECONDS * weights
    return PROGRAM_SECONDS + updates * group[0].epochs * each


def share_points(group: list[Setting], config: Config) -> bool:
    """Whether all networks of a group are trained on the same points."""
    return bool(config.data) or len({(s.dim, s.half_width) for s in group}) == 1


def common_shape(group: list[Setting]) -> tuple[int, tuple[int, ...]]:
    """Inputs and hidden units that are enough for each setting of a group."""
    depth = max(len(setting.hidden) for setting in group)
    each = [s.hidden + (depth - len(s.hidden)) * s.hidden[-1:] for s in group]
    layers = zip(*each, strict=True)
    return max(setting.dim for setting in group), tuple(max(w) for w in layers)


def deepened(params: Params, depth: int) -> tuple[Params, Params]:
    """Networks with more hidden layers, which change nothing.

    Args:
        params: Networks of one shape.
        depth: Hidden layers to have.

    Returns:
        Their parameters, and Adam's second moments with which these layers stay.
    """
    layers = [params["layers"][str(i)] for i in range(len(params["layers"]))]
    last = layers[-2]["bias"]
    width = last.shape[1]
    identity = np.broadcast_to(np.eye(width, dtype=np.float32), (*last.shape, width))
    passing = {"kernel": identity, "bias": np.zeros_like(last)}
    added = depth + 1 - len(layers)
    moments = jax.tree.map(np.zeros_like, layers)
    still = jax.tree.map(lambda leaf: np.full_like(leaf, np.inf), passing)
    return (
        params | {"layers": _numbered(layers, [passing] * added)},
        jax.tree.map(np.zeros_like, params)
        | {"layers": _numbered(moments, [still] * added)},
    )


def _numbered(layers: list[Params], added: list[Params]) -> Params:
    """Layers by their number, with some before the last."""
    return {str(i): layer for i, layer in enumerate([*layers[:-1], *added, layers[-1]])}


def shortened(params: Params, depth: int) -> Params:
    """Networks with the first so many hidden layers, and the last layer."""
    layers = [params["layers"][str(i)] for i in range(len(params["layers"]))]
    return params | {"layers": _numbered([*layers[:depth], layers[-1]], [])}


def joined(*parts: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    """Arrays of networks, filled up with zeros to one shape, one after the other.

    Example:
        >>> joined(np.ones((1, 2), np.float32), np.ones((1, 3), np.float32))
        array([[1., 1., 0.],
               [1., 1., 1.]], dtype=float32)
    """
    shape = np.max([part.shape[1:] for part in parts], axis=0).tolist()
    whole = np.zeros((sum(len(part) for part in parts), *shape), np.float32)
    begin = 0
    for part in parts:
        end = begin + len(part)
        whole[begin:end][_corner(part)] = part
        begin = end
    return whole


def taken_out(
    whole: Float32[np.ndarray, "..."], begin: int, like: Float32[np.ndarray, "..."]
) -> Float32[np.ndarray, "..."]:
    """The part of joined arrays that begins somewhere and has the shape of another."""
    return whole[begin : begin + len(like)][_corner(like)]


def _corner(part: np.ndarray) -> tuple[slice, ...]:
    """Where an array lies in a larger one."""
    return tuple(slice(size) for size in part.shape)
