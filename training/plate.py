"""The frozen frames of PLATE: which units an adapter writes to, and what it reads."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array


def plate_frames(
    params: Mapping[str, Any], rank: int
) -> tuple[list[Array], list[Array]]:
    """The frozen frames of `plate`, from the weights alone.

    An adapter writes to the most redundant units of its layer, those whose weights and
    bias have the largest absolute cosine with those of another unit, and reads half of
    the input directions, those in which the weights of the other units have the least
    energy. The selection after the record of the paper; the measures are ours.

    Args:
        params: As `tune` takes them.
        rank: Units written to; all of a layer that has fewer.

    Returns:
        For each layer, orthonormal columns `(networks, fan_in, fan_in // 2)`, at least
        one, and selections `(networks, rank, fan_out)` with a single 1 in each row.
    """
    bases, selectors = [], []
    for _, entry in layers_in_order(params):
        kernels = np.asarray(entry["kernel"], np.float64)
        biases = np.asarray(entry["bias"], np.float64)
        frames = [
            _frame(kernel.T, bias, rank)
            for kernel, bias in zip(kernels, biases, strict=True)
        ]
        for found, arrays in zip(
            (bases, selectors), zip(*frames, strict=True), strict=True
        ):
            found.append(jnp.asarray(np.stack(arrays), jnp.float32))
    return bases, selectors


def _frame(
    weight: np.ndarray, bias: np.ndarray, rank: int
) -> tuple[np.ndarray, np.ndarray]:
    """Input basis and selected units of one layer."""
    rows = np.column_stack([weight, bias])
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
    cosines = np.abs(rows @ rows.T)
    np.fill_diagonal(cosines, 0.0)
    order = np.argsort(-cosines.max(axis=1), kind="stable")
    chosen, others = order[:rank], order[rank:]
    held = weight[others] if len(others) else weight
    # Eigenvalues ascend: the first directions have the least energy.
    _, directions = np.linalg.eigh(held.T @ held)
    basis = directions[:, : max(1, weight.shape[1] // 2)]
    return basis, np.eye(len(weight))[chosen]


def layers_in_order(params: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """Layers by their number."""
    return sorted((int(name), entry) for name, entry in params["layers"].items())
