"""How large and how small an output gets, and by how much two networks differ."""

from fractions import Fraction

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import Budget
from regions.network import ArrayLike, ReluNetwork
from regions.questions.answer import Answer
from regions.questions.directions import read_direction
from regions.questions.joint import side_by_side
from regions.questions.listed import largest_listed
from regions.questions.pieces import Pieces


def output_range(
    network: ReluNetwork,
    domain: BoundedDomain,
    direction: int | ArrayLike | None = None,
) -> Answer:
    """Smallest and largest value of an output, or of a combination of outputs.

    Args:
        network: The network.
        domain: A bounded domain.
        direction: The number of an output, or one weight for each; may be left out
            where there is one output.

    Returns:
        The value is a pair, the smallest and the largest, both rational and exact. The
        witness is a pair of points of the input space at which they are attained.

    Raises:
        ValueError: If the domain or the direction does not fit the network.

    Example:
        >>> import numpy as np
        >>> net = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 2.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> output_range(net, Box([-1.0], [1.5])).value
        (Fraction(0, 1), Fraction(2, 1))
    """
    budget = Budget()
    weights = read_direction(direction, network)
    pieces = Pieces(network, domain, budget)
    negative = [-w for w in weights]
    (low, least), (high, most) = largest_listed(pieces, [negative, weights])
    return Answer(
        "output_range",
        (-low, high),
        (least, most),
        True,
        budget.seconds,
        stats={"pieces": pieces.count},
    )


def largest_difference(
    network: ReluNetwork, other: ReluNetwork, domain: BoundedDomain
) -> Answer:
    """The largest absolute difference of any output of two networks.

    Args:
        network: One network.
        other: Another, with the same inputs and outputs.
        domain: A bounded domain.

    Returns:
        The value is rational and exact; the witness is a point at which it is attained.
        `stats["output"]` is the number of the output.

    Raises:
        ValueError: If the networks or the domain do not fit.

    Example:
        >>> one = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
        >>> two = ReluNetwork.from_arrays([[[1.0]], [[0.75]]], None)
        >>> from regions.domains.shapes import Box
        >>> largest_difference(one, two, Box([-1.0], [2.0])).value
        Fraction(1, 2)
    """
    budget = Budget()
    both = compared(network, other)
    pieces = Pieces(both, domain, budget)
    directions = differences(network.output_dim)
    found = largest_listed(pieces, directions)
    value, point = max(found, key=lambda pair: pair[0])
    output = [pair[0] for pair in found].index(value) % network.output_dim
    return Answer(
        "largest_difference",
        value,
        point,
        True,
        budget.seconds,
        stats={"output": output, "pieces": pieces.count},
    )


def compared(network: ReluNetwork, other: ReluNetwork) -> ReluNetwork:
    """Two networks side by side, which must have as many outputs.

    Raises:
        ValueError: If they have not, or read different numbers of inputs.
    """
    if network.output_dim != other.output_dim:
        raise ValueError(
            f"one network has {network.output_dim} outputs and the other "
            f"{other.output_dim}: they must be equal."
        )
    return side_by_side(network, other)


def differences(outputs: int) -> list[list[Fraction]]:
    """Weights of both networks' outputs: each difference, then each negative one."""
    rows = []
    for sign in (1, -1):
        for k in range(outputs):
            row = [Fraction(0)] * (2 * outputs)
            row[k], row[outputs + k] = Fraction(sign), Fraction(-sign)
            rows.append(row)
    return rows
