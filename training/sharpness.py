"""Top eigenvalue of the Hessian of the training loss, by Lanczos' method."""

import functools
from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import scipy.sparse.linalg
from jaxtyping import Array, Float, Float32, PyTree

from training.config import ModelConfig, TrainingConfig
from training.loop import weighted_cross_entropy, weighted_mse

TOLERANCE = 1e-3
"""Relative, of the eigenvalue: products with the Hessian are in float32."""


def top_eigenvalue(
    config: TrainingConfig,
    params: PyTree,
    inputs: Float32[Array | np.ndarray, "points dim"],
    targets: Float32[Array | np.ndarray, "points outputs"],
) -> float:
    """Largest eigenvalue of the Hessian of the mean loss over all given points.

    Gradient descent at rate r is stable on a quadratic while it is under 2 / r.

    Args:
        config: Names the model and the loss.
        params: As `training.models.to_params` gives them.
        inputs: The points.
        targets: What the network should give there.

    References:
        J. Cohen et al., Gradient descent on neural networks typically occurs at the
        edge of stability, ICLR 2021, arXiv 2103.00065.
    """
    flat, _ = jax.flatten_util.ravel_pytree(params)
    size = len(flat)

    def product(vector: np.ndarray) -> np.ndarray:
        direction = np.asarray(vector, np.float32).reshape(size)
        found = _product(config.model, config.loss, params, direction, inputs, targets)
        return np.asarray(found, np.float64)

    # The names of these arguments are not in the types that SciPy ships.
    linalg: Any = scipy.sparse.linalg
    operator = linalg.LinearOperator((size, size), matvec=product, dtype=np.float64)
    start = np.random.default_rng(0).normal(size=size)
    values = linalg.eigsh(
        operator, k=1, which="LA", v0=start, tol=TOLERANCE, return_eigenvectors=False
    )
    return float(values[0])


@functools.partial(jax.jit, static_argnames=("model", "kind"))
def _product(
    model: ModelConfig,
    kind: str,
    params: PyTree,
    direction: Float32[Array | np.ndarray, " parameters"],
    inputs: Float32[Array | np.ndarray, "points dim"],
    targets: Float32[Array | np.ndarray, "points outputs"],
) -> Float[Array, " parameters"]:
    """The Hessian times a direction, flat."""
    _, shaped = jax.flatten_util.ravel_pytree(params)
    mean = {"mse": weighted_mse, "cross_entropy": weighted_cross_entropy}[kind]
    ones = jnp.ones(len(inputs), jnp.float32)

    def loss(at: PyTree) -> Float[Array, ""]:
        return mean(model, at, inputs, targets, ones)

    found = jax.jvp(jax.grad(loss), (params,), (shaped(jnp.asarray(direction)),))[1]
    return jax.flatten_util.ravel_pytree(found)[0]
