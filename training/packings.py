"""Unit vectors pushed apart by gradient descent: packings of lines.

The largest squared cosine is replaced by a soft maximum, `logsumexp(beta c^2) / beta`,
which bounds it from above; beta grows geometrically as Adam goes on.
"""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32, Shaped

from training.streams import fit_stream


@functools.partial(jax.jit, static_argnames=("count", "dim", "steps"))
def pack_vectors(
    keys: Shaped[Array, " seeds"],
    *,
    count: int,
    dim: int,
    steps: int,
    learning_rate: float = 0.02,
    beta: tuple[float, float] = (50.0, 5000.0),
) -> tuple[Float32[Array, "seeds count dim"], Float32[Array, "seeds count dim"]]:
    """Random unit vectors, and where gradient descent takes them.

    Args:
        keys: Random keys of the random vectors, one per packing.
        count: Vectors of a packing; static, as are the next two.
        dim: Their dimension.
        steps: Updates.
        learning_rate: Learning rate of Adam at the start; it falls along a cosine.
        beta: First and last sharpness of the soft maximum.

    Returns:
        The vectors before and after, of length 1.
    """
    growth = jnp.float32(beta[1] / beta[0])

    def loss(raw, key, setting, share):
        del key, setting
        sharpness = beta[0] * growth ** share.astype(jnp.float32)
        gram = _normalized(raw) @ _normalized(raw).T
        pairs = jnp.where(jnp.tri(count, k=-1, dtype=bool), gram**2, -jnp.inf)
        return jax.nn.logsumexp(sharpness * pairs) / sharpness

    def draw(key):
        return _normalized(jax.random.normal(key, (count, dim), jnp.float32))

    start = jax.vmap(draw)(keys)
    end = fit_stream(
        start,
        keys,
        None,
        loss=loss,
        steps=steps,
        learning_rate=learning_rate,
        # A packing fills the cache by itself.
        together=False,
    )
    return start, jax.vmap(_normalized)(end)


def _normalized(raw: Float[Array, "count dim"]) -> Float[Array, "count dim"]:
    """The rows at length 1."""
    return raw / jnp.linalg.norm(raw, axis=1, keepdims=True)
