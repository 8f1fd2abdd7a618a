"""Unit vectors pushed apart by gradient descent: packings of lines.

The largest squared cosine is replaced by a soft maximum, `logsumexp(beta c^2) / beta`,
which bounds it from above; beta grows geometrically as Adam goes on.
"""

import functools

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Float32, Shaped


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
        keys: Of the random vectors, one per packing.
        count: Vectors of a packing; static, as are the next two.
        dim: Their dimension.
        steps: Updates.
        learning_rate: Of Adam at the start; it falls along a cosine.
        beta: First and last sharpness of the soft maximum.

    Returns:
        The vectors before and after, of length 1.
    """
    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, steps))
    growth = jnp.float32(beta[1] / beta[0])

    def loss(raw, sharpness):
        gram = _normalized(raw) @ _normalized(raw).T
        pairs = jnp.where(jnp.tri(count, k=-1, dtype=bool), gram**2, -jnp.inf)
        return jax.nn.logsumexp(sharpness * pairs) / sharpness

    def pack(key):
        start = _normalized(jax.random.normal(key, (count, dim), jnp.float32))

        def update(carry, step):
            raw, state = carry
            sharpness = beta[0] * growth ** (step / jnp.float32(steps))
            gradient = jax.grad(loss)(raw, sharpness.astype(jnp.float32))
            changes, state = optimizer.update(gradient, state, raw)
            return (raw + changes, state), None

        carry = (start, optimizer.init(start))
        (end, _), _ = jax.lax.scan(update, carry, jnp.arange(steps, dtype=jnp.float32))
        return start, _normalized(end)

    # One after another: a packing fills the cache by itself.
    return jax.lax.map(pack, keys)


def _normalized(raw: Float[Array, "count dim"]) -> Float[Array, "count dim"]:
    """The rows at length 1."""
    return raw / jnp.linalg.norm(raw, axis=1, keepdims=True)
