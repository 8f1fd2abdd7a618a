"""Affine forms of the units of a layer on cells, with bounds of their errors.

A cell fixes which units are on, so that every pre-activation is an affine form there.
Its error is one number for the gradient, in the 1-norm, and the offset alike.
"""

import numpy as np
from jaxtyping import Bool

from regions.network import Layer, ReluNetwork
from regions.signs.rounding import (
    SAFETY,
    UNIT_ROUNDOFF,
    gamma,
    row_sum,
    underflow,
)


def layer_forms(
    network: ReluNetwork,
    bits: Bool[np.ndarray, "cells units"],
    index: int,
    chart_error: tuple[list[float], list[float]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Affine forms of the units of a layer on cells, with bounds of their errors.

    `chart_error` is the error of the rows and biases composed with a chart.

    Returns:
        Gradients `(cells, width, dim)`, offsets `(cells, width)`, and per cell a bound
        of the error of every gradient (1-norm) and offset.
    """
    return forms_up_to(network, bits, index, chart_error)[-1]


def forms_up_to(
    network: ReluNetwork,
    bits: Bool[np.ndarray, "cells units"],
    index: int,
    chart_error: tuple[list[float], list[float]],
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """What `layer_forms` says of every layer up to one."""
    count, dim = len(bits), network.input_dim
    held: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    errors = {0: np.zeros(count)}
    first, result = 0, []
    for layer_index, layer in enumerate(network.hidden[: index + 1]):
        jacobian, offset, error = _affine_step(layer, layer_index, held, errors)
        rows, bias = chart_error
        error = error + rows[layer_index] + bias[layer_index]
        result.append((jacobian, offset, error))
        if layer_index == index:
            break
        part = bits[:, first : first + layer.width]
        first += layer.width
        gate = np.where(part, 1.0, layer.slopes)
        held[layer_index + 1] = (gate[..., None] * jacobian, gate * offset)
        size = np.abs(held[layer_index + 1][0]).sum(2).max(1)
        size = np.maximum(size, np.abs(held[layer_index + 1][1]).max(1))
        # What a slope makes of a form may underflow to nothing.
        sloped = (gate != 0.0) & (gate != 1.0)
        before = np.maximum(np.abs(jacobian).sum(2), np.abs(offset)) * sloped
        errors[layer_index + 1] = SAFETY * (
            np.abs(gate).max(1) * error + UNIT_ROUNDOFF * size
        ) + underflow(np.maximum(size, before.max(1)) + error, dim + 1)
    return result


def _affine_step(
    layer: Layer,
    index: int,
    held: dict[int, tuple[np.ndarray, np.ndarray]],
    errors: dict[int, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Affine forms of a layer from those of its sources."""
    count, width = len(errors[0]), layer.width
    jacobian, offset, blocks = 0.0, layer.bias, layer.blocks(index)
    if len(blocks) == 1 and index == 0:
        # The first layer's rows are the weights themselves: no rounding at all.
        rows = np.broadcast_to(layer.weight, (count, *layer.weight.shape))
        return rows, np.broadcast_to(offset, (count, width)), np.zeros(count)
    terms = sum(m.shape[1] for _, m in blocks) + len(blocks) + 1
    error = gamma(terms) * np.abs(layer.bias).max()
    for source, matrix in blocks:
        if source == 0:
            # The input is the identity, of which no product need be taken.
            jacobian, size = jacobian + matrix, np.ones(count)
        else:
            source_jacobian, source_offset = held[source]
            jacobian = jacobian + matrix @ source_jacobian
            offset = offset + source_offset @ matrix.T
            size = np.abs(source_jacobian).sum(2).max(1)
            size = np.maximum(size, np.abs(source_offset).max(1))
        error = error + row_sum(matrix) * (errors[source] + gamma(terms) * size)
        error = error + underflow(
            size + errors[source], terms * (jacobian.shape[-1] + 1)
        )
    rows = np.asarray(jacobian)
    return (
        np.broadcast_to(rows, (count, *rows.shape[-2:])),
        np.broadcast_to(offset, (count, width)),
        SAFETY * np.broadcast_to(error, (count,)),
    )
