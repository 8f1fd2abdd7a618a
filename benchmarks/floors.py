"""Floors that a device sets itself: bytes that it copies, products that it takes.

A part of a program can not be faster than the larger of two times: that of moving the
bytes that it has to read and write once, and that of its matrix products alone.
"""

import functools
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

COPIED = {"cpu": 2**27, "gpu": 2**31}
"""Bytes of the array that is copied: far more than caches hold."""

BLOCK = {"cpu": 2**12, "gpu": 2**20}
"""Points at which products are taken at once."""


class Floor(NamedTuple):
    """Least seconds of some work, and what sets them."""

    seconds: float
    by: str


def best(function: Callable[[], object], repeats: int = 3) -> float:
    """Least seconds of a call, after one that compiles; results are waited for."""
    jax.block_until_ready(function())
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        jax.block_until_ready(function())
        times.append(time.perf_counter() - begin)
    return min(times)


@functools.cache
def seconds_per_byte() -> float:
    """Of a copy that reads and writes each byte once."""
    size = COPIED[platform()]
    array = jnp.zeros(size // 4, jnp.float32)
    return best(lambda: copy(array), 5) / (2 * size)


copy = jax.jit(lambda array: array + 1.0)


def platform() -> str:
    """`cpu` or `gpu`: any accelerator counts as the latter."""
    return "cpu" if jax.default_backend() == "cpu" else "gpu"


def product_seconds(weights: Sequence[np.ndarray], dtype: str, points: int) -> float:
    """Seconds of one pass of the matrix products at so many points."""
    block = min(points, BLOCK[platform()])
    with jax.enable_x64(dtype == "float64"):
        matrices = [jnp.asarray(w, dtype) for w in weights]
        start = jnp.ones((weights[0].shape[1], block), dtype)

        @jax.jit
        def products(h: jax.Array) -> jax.Array:
            for matrix in matrices:
                h = matrix @ h
            return h

        return best(lambda: products(start)) * points / block


def floor(num_bytes: float, products: float = 0.0) -> Floor:
    """The larger of the times of bytes and, in seconds already, of products."""
    seconds = num_bytes * seconds_per_byte()
    return (
        Floor(seconds, "bytes") if seconds > products else Floor(products, "products")
    )
