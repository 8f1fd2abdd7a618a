"""The inequalities of a pattern in traced code: `vmap` it over patterns."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from regions.patterns.kernel import LayerParams, Structure
from regions.patterns.packing import WORD_BITS


def pattern_rows(
    params: tuple[LayerParams, ...],
    structure: Structure,
    words: UInt32[Array, " words"],
    dim: int,
) -> tuple[Float[Array, "bits dim"], Float[Array, " bits"]]:
    """Rows `A x <= b` of one packed pattern, as `patterns.halfspaces` orders them.

    Args:
        params: Of the network, from `kernel_inputs`.
        structure: From there, too.
        words: The pattern.
        dim: Inputs of the network.
    """
    bits = (words[:, None] >> np.arange(WORD_BITS, dtype=np.uint32)) & np.uint32(1)
    bits, start = bits.reshape(-1) > 0, 0
    forms = [(jnp.eye(dim), jnp.zeros(dim))]
    A, b = [jnp.zeros((0, dim))], [jnp.zeros(0)]
    layers = zip(params, structure.sources, structure.kinks, strict=True)
    for layer, sources, kinks in layers:
        jacobian, offset = jnp.zeros((len(layer.bias), dim)), layer.bias
        for matrix, source in zip(layer.matrices, sources, strict=True):
            before, constant = forms[source]
            jacobian += jnp.matmul(matrix, before, precision="highest")
            offset += jnp.matmul(matrix, constant, precision="highest")
        units = np.array(kinks, int)
        on = bits[start : start + len(kinks)]
        sign = jnp.where(on, 1.0, -1.0)
        A.append(-sign[:, None] * jacobian[units])
        b.append(sign * offset[units])
        slopes = layer.slopes[units]
        factor = jnp.ones(len(layer.bias)).at[units].set(jnp.where(on, 1.0, slopes))
        forms.append((factor[:, None] * jacobian, factor * offset))
        start += len(kinks)
    return jnp.concatenate(A), jnp.concatenate(b)
