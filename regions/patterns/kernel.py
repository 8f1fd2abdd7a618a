"""The activation-pattern kernel: one point's pattern, vmapped, packed and hashed.

On the device a packed pattern is a row of uint32 words, on the host and in every file a
row of bytes: `regions.patterns.packing`.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float64, UInt8, UInt32

from regions.network import ReluNetwork
from regions.patterns.packing import (
    WORD_BITS,
    num_words as num_words,
    pack_bits as pack_bits,
    unpack_bits as unpack_bits,
    words_to_bytes as words_to_bytes,
)

_HASH_ROWS = 4096
"""Rows hashed per call, so that one compilation serves every number of patterns."""


class LayerParams(NamedTuple):
    """Arrays of one hidden layer, on the device.

    Attributes:
        matrices: One `(fan_out, fan_in)` matrix per block that the layer reads.
        bias: `(fan_out,)`.
        slopes: `(fan_out,)`.
    """

    matrices: tuple[Array, ...]
    bias: Array
    slopes: Array


class Structure(NamedTuple):
    """What of a network decides the compiled code, besides the shapes.

    Attributes:
        sources: For each hidden layer, which activations its matrices read (0 is the
            input, k hidden layer k).
        kinks: For each hidden layer, the units that take a bit.
    """

    sources: tuple[tuple[int, ...], ...]
    kinks: tuple[tuple[int, ...], ...]

    @property
    def num_bits(self) -> int:
        """Length of a pattern."""
        return sum(map(len, self.kinks))


def kernel_inputs(
    network: ReluNetwork, dtype: str = "float64"
) -> tuple[tuple[LayerParams, ...], Structure]:
    """Parameters and structure of a network for `point_words`.

    Another network of the same structure and shapes runs without a compilation.

    Args:
        network: The network.
        dtype: `"float64"`, which needs JAX's x64 mode, or `"float32"`.
    """
    params = tuple(
        LayerParams(
            tuple(_rounded(m, dtype) for _, m in layer.blocks(index)),
            _rounded(layer.bias, dtype),
            _rounded(layer.slopes, dtype),
        )
        for index, layer in enumerate(network.hidden)
    )
    structure = Structure(
        tuple(
            tuple(source for source, _ in layer.blocks(index))
            for index, layer in enumerate(network.hidden)
        ),
        tuple(tuple(np.flatnonzero(layer.kinks).tolist()) for layer in network.hidden),
    )
    return params, structure


def _rounded(values: np.ndarray, dtype: str) -> Array:
    """The values on the device; what float32 does not hold becomes infinite."""
    with np.errstate(over="ignore"):
        # `jnp.asarray` would compile a program for each shape.
        return jax.device_put(values.astype(dtype))


def point_bits(
    params: tuple[LayerParams, ...], structure: Structure, x: Float[Array, " dim"]
) -> Bool[Array, " bits"]:
    """The activation pattern of one point, in traced code: `vmap` it over points."""
    activations = [x]
    bits = [jnp.zeros(0, bool)]
    layers = zip(params, structure.sources, structure.kinks, strict=True)
    for layer, sources, kinks in layers:
        pre = pre_activations(layer, sources, activations)
        activations.append(jnp.where(pre > 0, pre, layer.slopes * pre))
        on = pre > 0
        bits.append(on if len(kinks) == len(on) else on[np.array(kinks, int)])
    return jnp.concatenate(bits)


def pre_activations(
    layer: LayerParams, sources: tuple[int, ...], activations: list[Array]
) -> Float[Array, " units"]:
    """What the units of a layer read at one point, in traced code."""
    blocks = zip(layer.matrices, sources, strict=True)
    # Accelerators may take 32-bit numbers for less in products unless told not to.
    products = (jnp.matmul(m, activations[s], precision="highest") for m, s in blocks)
    return sum(products, start=layer.bias)


def pack_words(bits: Bool[Array, " bits"]) -> UInt32[Array, " words"]:
    """One pattern as words, in traced code."""
    words = num_words(len(bits))
    padded = jnp.pad(bits, (0, words * WORD_BITS - len(bits)))
    powers = np.uint32(1) << np.arange(WORD_BITS, dtype=np.uint32)
    table = padded.reshape(words, WORD_BITS)
    return jnp.where(table, powers, np.uint32(0)).sum(1, dtype=jnp.uint32)


def point_words(
    params: tuple[LayerParams, ...], structure: Structure, x: Float[Array, " dim"]
) -> UInt32[Array, " words"]:
    """The packed activation pattern of one point, in traced code."""
    return pack_words(point_bits(params, structure, x))


@functools.partial(jax.jit, static_argnames="structure")
def _words_at(
    params: tuple[LayerParams, ...],
    structure: Structure,
    points: Float[Array, "points dim"],
) -> UInt32[Array, "points words"]:
    """`point_words` over points; compiled once per structure and shape."""
    kernel = functools.partial(point_words, params, structure)
    return jax.vmap(kernel)(points)


def patterns_at(
    network: ReluNetwork,
    points: Float64[np.ndarray, "points dim"],
    *,
    dtype: str = "float64",
) -> UInt8[np.ndarray, "points bytes"]:
    """Packed activation patterns at points, computed on the accelerator.

    The first call for a structure and number of points compiles; later ones do not.

    Args:
        network: The network.
        points: One point per row.
        dtype: Arithmetic: `"float64"`, or `"float32"`, which rounds the points and the
            weights too and may mislabel points within about 1e-6 of a boundary.
    """
    with jax.enable_x64(dtype == "float64"):
        params, structure = kernel_inputs(network, dtype)
        words = _words_at(params, structure, np.asarray(points, dtype))
    return words_to_bytes(np.asarray(words), structure.num_bits)


def random_hash_words(bits: int, seed: int = 0) -> UInt32[np.ndarray, "bits lanes"]:
    """Two random odd words per bit: the hash is linear in the bits with these."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2**32, (bits, 2), dtype=np.uint32) | np.uint32(1)


def point_hash(
    words: UInt32[Array, " words"], hash_words: UInt32[Array, "bits lanes"]
) -> UInt32[Array, " lanes"]:
    """Hash of one pattern, in traced code: `sum(bit * hash word)` modulo 2^32.

    The sum has no order, so that it may be taken in parts. Without x64 there is no
    uint64; two uint32 lanes stand for 64 bits.
    """
    bits = (words[:, None] >> np.arange(WORD_BITS, dtype=np.uint32)) & np.uint32(1)
    return bits.reshape(-1)[: len(hash_words)] @ hash_words


_hash_rows = jax.jit(jax.vmap(point_hash, in_axes=(0, None)))


def hash_patterns(
    words: UInt32[np.ndarray, "patterns words"],
    hash_words: UInt32[np.ndarray, "bits lanes"],
) -> UInt32[np.ndarray, "patterns lanes"]:
    """Hashes of packed patterns, computed on the accelerator.

    Args:
        words: Packed patterns.
        hash_words: One row per bit, one column per lane; see `random_hash_words`.
    """
    result = np.empty((len(words), hash_words.shape[1]), np.uint32)
    multipliers = jax.device_put(hash_words)
    for start in range(0, len(words), _HASH_ROWS):
        part = words[start : start + _HASH_ROWS]
        padded = np.zeros((_HASH_ROWS, words.shape[1]), np.uint32)
        padded[: len(part)] = part
        lanes = np.asarray(_hash_rows(padded, multipliers))
        result[start : start + len(part)] = lanes[: len(part)]
    return result
