"""A network at many rational points, in integers: a point is (t w, w) with w > 0."""

from collections.abc import Sequence
from typing import NamedTuple

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat

from regions.certificates.answer_bounds import ExactLayers

Rows = list[list[fmpz]]


class Scaled(NamedTuple):
    """Numbers of all points, a row for each unit: the w of a point times `scale` each.

    Attributes:
        rows: The integers.
        scale: A positive number.
    """

    rows: Rows
    scale: fmpz


class _Layer(NamedTuple):
    """Integers over one denominator: blocks and bias."""

    blocks: list[tuple[int, fmpz_mat]]
    bias: list[fmpz]
    denominator: fmpz


class IntegerPoints:
    """A network in the chart of a domain."""

    def __init__(self, layers: ExactLayers):
        self._slopes = layers.slopes
        self._layers = [_integers(blocks, bias) for blocks, bias in layers.affine_maps]

    def at_places(self, places: Sequence[Sequence[fmpz]]) -> list[Scaled]:
        """Pre-activations of each layer, the outputs last."""
        *inputs, weights = ([*column] for column in zip(*places, strict=True))
        held, result = [(fmpz_mat(inputs), fmpz(1))], []
        for index, layer in enumerate(self._layers):
            sources = [held[source] for source, _ in layer.blocks]
            common = fmpz(1)
            for _, scale in sources:
                common = common.lcm(scale)
            pre = fmpz_mat([[b * common * w for w in weights] for b in layer.bias])
            for (_, matrix), (values, scale) in zip(layer.blocks, sources, strict=True):
                pre += matrix * values * (common // scale)
            rows, scale = pre.tolist(), common * layer.denominator
            result.append(Scaled(rows, scale))
            if index < len(self._slopes):
                held.append(_activated(rows, scale, self._slopes[index]))
        return result


def _activated(
    rows: Rows, scale: fmpz, slopes: Sequence[fmpq]
) -> tuple[fmpz_mat, fmpz]:
    """Activations, and their scale."""
    bottom = fmpz(1)
    for slope in slopes:
        bottom = bottom.lcm(slope.q)
    active = []
    for row, slope in zip(rows, slopes, strict=True):
        off = (slope * bottom).p
        if bottom == 1 and off == 0:
            active.append([v if v > 0 else off for v in row])
        else:
            active.append([v * (bottom if v > 0 else off) for v in row])
    return fmpz_mat(active), scale * bottom


def _integers(blocks: list[tuple[int, fmpq_mat]], bias: fmpq_mat) -> _Layer:
    """A layer over one denominator."""
    parts = [(source, *matrix.numer_denom()) for source, matrix in blocks]
    offset, bottom = bias.numer_denom()
    common = bottom
    for _, _, own in parts:
        common = common.lcm(own)
    return _Layer(
        [(source, matrix * (common // own)) for source, matrix, own in parts],
        [v * (common // bottom) for v in offset.entries()],
        common,
    )
