"""A pass over the cells of all layers but the last, in the plane, with their lines."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from regions.domains.shapes import BoundedDomain, Domain
from regions.enumeration.budget import StoppedError
from regions.enumeration.cells.valued import Valued, Visit, visit_regions, visits_serve
from regions.network import ReluNetwork
from regions.questions.exact_lines import ExactCell
from regions.questions.last_layer import before_last
from regions.questions.last_lines import Lines, lines_of
from regions.signs.exact import ExactNetwork

PER_CELL = 150_000
"""A cell with its lines takes as long as sums over all units in so many regions."""


def lines_serve(network: ReluNetwork, domain: Domain) -> bool:
    """Whether lines of the last layer are so many that walks along them pay.

    A cell has some (last / before)^2 regions, of which each is a sum over the last.
    """
    if domain.dim != 2 or not visits_serve(network, domain):
        return False
    *before, last = network.widths
    return last**3 >= PER_CELL * sum(before) ** 2


def visit_lines(
    network: ReluNetwork,
    domain: BoundedDomain,
    take: Callable[[Lines, Valued, int, Callable[[], None]], None],
    stop: Callable[[], bool],
) -> Visit:
    """Hand over the cells of all layers but the last, with their lines.

    Args:
        network: A network.
        domain: One that `lines_serve` says yes to.
        take: Is given the lines of a cell, some cells of `before_last`, the number of
            this one, and what to call often.
        stop: Asked often; says whether to stop, which it does in the midst of a cell.

    Raises:
        VagueError: If two lines can not be told apart.
    """
    exact, kinks = ExactNetwork(network, domain), network.hidden[-1].kinks

    def ask() -> None:
        if stop():
            raise StoppedError

    @np.errstate(all="ignore")
    def take_all(cells: Valued) -> None:
        for cell in range(len(cells)):
            ask()
            lines = lines_of(ExactCell(exact, cells, cell), cells, cell, kinks)
            take(lines, cells, cell, ask)

    try:
        return visit_regions(before_last(network), domain, take_all, stop)
    except StoppedError:
        return Visit([], 0, False)


class Ramps(NamedTuple):
    """Sums of the activations of the last layer on a cell.

    Attributes:
        factor: What each unit is multiplied by where the leaders of all lines are off.
        crossing: The units that cross the cell.
        lines: Their lines.
        kink: What their factors differ by where they are on.
    """

    factor: Float64[np.ndarray, "sums units"]
    crossing: Int[np.ndarray, " crossing"]
    lines: Int[np.ndarray, " crossing"]
    kink: Float64[np.ndarray, "sums crossing"]


def ramps_on(
    lines: Lines,
    slopes: Float64[np.ndarray, " units"],
    weights: Float64[np.ndarray, "sums units"],
) -> Ramps:
    """Sums of activations with some weights."""
    crosses = lines.number >= 0
    crossing = np.flatnonzero(crosses)
    is_on = np.where(crosses, lines.is_turned, lines.is_on)
    return Ramps(
        factor=weights * np.where(is_on, 1.0, slopes),
        crossing=crossing,
        lines=lines.number[crossing],
        kink=weights[:, crossing] * (1.0 - slopes[crossing]),
    )
