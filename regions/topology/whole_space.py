"""A box that holds all vertices of a partition of the whole space.

Each face of the complex then meets the inside of the box, and sets of faces have the
topology of their parts in it. Vertices are joined by edges, so all are inside if each
edge that leaves the box goes on for ever: if no unit comes nearer to zero along it.
"""

from fractions import Fraction

import numpy as np
from flint import fmpq_mat

from regions.domains.shapes import Box, WholeSpace
from regions.errors import UndecidedError
from regions.network import ReluNetwork
from regions.patterns.packing import unpack_bits
from regions.signs.exact import ExactNetwork, to_fmpq
from regions.topology.corners import CornerTable
from regions.topology.faces import FaceComplex, face_complex
from regions.topology.find_corners import corner_table

FIRST_SIZE, GROWTH, LARGEST = 4.0, 8.0, 2.0**100


def box_with_all_vertices(
    network: ReluNetwork,
) -> tuple[Box, CornerTable, FaceComplex]:
    """Such a box, with the corners and faces in it.

    Raises:
        ValueError: If the network is constant along some direction.
        UndecidedError: If the box had to be beyond all measure.
    """
    _check_pointed(network)
    size = FIRST_SIZE
    while size < LARGEST:
        box = Box.cube(network.input_dim, size)
        table = corner_table(network, box)
        complex_ = face_complex(table)
        if not complex_.outer[0].all() and not _some_edge_ends(
            network, table, complex_
        ):
            return box, table, complex_
        size *= GROWTH
    raise UndecidedError(
        "vertices of the partition lie beyond all measure: give a bounded domain",
        margin=size,
        tolerance=LARGEST,
    )


def _check_pointed(network: ReluNetwork) -> None:
    """Raise if all kinks are constant along some direction."""
    rows = [
        row
        for index, layer in enumerate(network.hidden)
        for source, matrix in layer.blocks(index)
        if source == 0
        for row in matrix.tolist()
    ]
    dim = network.input_dim
    matrix = fmpq_mat(len(rows), dim, [to_fmpq(v) for row in rows for v in row])
    if matrix.rank() < dim:
        raise ValueError(
            f"the network reads {matrix.rank()} of {dim} directions of its input: sets "
            "in the whole space are unbounded along the others; give a Slice or a Box."
        )


def _some_edge_ends(
    network: ReluNetwork, table: CornerTable, complex_: FaceComplex
) -> bool:
    """Whether an edge that leaves the domain ends beyond it."""
    ends = complex_.members[1].items.reshape(-1, 2)
    outer = complex_.outer[0][ends]
    leaving = np.flatnonzero((outer.sum(1) == 1) & ~complex_.outer[1])
    exact = ExactNetwork(network, WholeSpace(network.input_dim))
    layers, kinks = len(network.hidden), network.kinks
    forms: dict[int, list[tuple[int, list[int]]]] = {}
    for edge in leaving.tolist():
        region = int(complex_.owner[1][edge])
        if region not in forms:
            bits = unpack_bits(table.patterns[[region]], network.num_bits)
            on = network.unit_patterns(bits)[0]
            rows = exact.affine_forms(on, layers=layers)
            forms[region] = [
                (1 if on[u] else -1, rows[u]) for u in np.flatnonzero(kinks).tolist()
            ]
        first, last = ends[edge] if outer[edge, 1] else ends[edge][::-1]
        inner = table.exact_point(int(complex_.corner[first]))
        beyond = table.exact_point(int(complex_.corner[last]))
        away = [b - a for a, b in zip(inner, beyond, strict=True)]
        if any(sign * _along(row, away) < 0 for sign, row in forms[region]):
            return True
    return False


def _along(form: list[int], direction: list[Fraction]) -> Fraction:
    """How an affine form grows along a direction, without its offset."""
    return sum((a * v for a, v in zip(form[:-1], direction, strict=True)), Fraction())
