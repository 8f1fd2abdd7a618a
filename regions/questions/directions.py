"""Which combination of a network's outputs a question is about."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from regions.network import ArrayLike, ReluNetwork, as_numbers

Direction = Sequence[Fraction]
"""Rational weights of the outputs."""


def read_direction(
    direction: int | ArrayLike | None, network: ReluNetwork
) -> list[Fraction]:
    """Weights of the outputs: of one of them by its number, or as they are given.

    Raises:
        ValueError: If it fits not the outputs, or is missing where there are several.
    """
    count = network.output_dim
    if direction is None:
        if count > 1:
            raise ValueError(
                f"the network has {count} outputs and `direction` is None: give the "
                "number of an output, or one weight for each."
            )
        direction = 0
    if isinstance(direction, bool | np.bool_):
        raise TypeError(
            f"`direction` is {direction}: the number of an output, or one weight for "
            "each, is required."
        )
    if isinstance(direction, int | np.integer):
        if not 0 <= direction < count:
            raise ValueError(
                f"`direction` is {direction}: the outputs run from 0 to {count - 1}."
            )
        return [Fraction(int(k == direction)) for k in range(count)]
    weights = (
        np.asarray(direction, object)
        if _has_fractions(direction)
        else as_numbers(direction, "direction")
    )
    if weights.shape != (count,):
        raise ValueError(
            f"`direction` has shape {weights.shape}: one weight for each of the "
            f"{count} outputs is required, or the number of one."
        )
    if weights.dtype != object and not np.isfinite(weights.astype(float)).all():
        raise ValueError("`direction` holds a number that is not finite.")
    return [
        value if isinstance(value, Fraction) else Fraction(float(value))
        for value in weights.tolist()
    ]


def _has_fractions(values: ArrayLike) -> bool:
    """Whether some weight is rational already."""
    is_list = isinstance(values, Sequence)
    return is_list and any(isinstance(value, Fraction) for value in values)
