"""Networks of different shapes with about as many parameters."""

import itertools
from collections.abc import Sequence


def count_parameters(widths: Sequence[int], dim: int, outputs: int = 1) -> int:
    """Weights and biases of a fully connected network.

    Example:
        >>> count_parameters([14] * 6, 2)
        1107
    """
    sizes = [dim, *widths, outputs]
    return sum((a + 1) * b for a, b in itertools.pairwise(sizes))


def width_for(budget: int, depth: int, dim: int) -> int:
    """Units of each of `depth` equal layers, so that the parameters are closest.

    Args:
        budget: Parameters that are wanted, at least those of one unit a layer.
        depth: Hidden layers.
        dim: Inputs; there is one output.

    Raises:
        ValueError: If even one unit a layer has more parameters.

    Example:
        >>> width_for(1000, 1, 2), width_for(1000, 4, 2)
        (250, 17)
    """
    if count_parameters([1] * depth, dim) > budget or depth < 1:
        raise ValueError(
            f"`budget` is {budget} for {depth} layers: at least "
            f"{count_parameters([1] * max(depth, 1), dim)} is required."
        )
    width = 1
    while count_parameters([width + 1] * depth, dim) <= budget:
        width += 1
    below = budget - count_parameters([width] * depth, dim)
    above = count_parameters([width + 1] * depth, dim) - budget
    return width if below <= above else width + 1
