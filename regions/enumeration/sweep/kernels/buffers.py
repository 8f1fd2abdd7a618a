"""What the compiled insertion of units reads and writes."""

from typing import NamedTuple

import numpy as np


class Buffers(NamedTuple):
    """The arrays of a partial complex, with room at their ends."""

    carried: np.ndarray
    pre: np.ndarray
    signs: np.ndarray
    zeros: np.ndarray
    parents: np.ndarray
    keys: np.ndarray
    first: np.ndarray
    second: np.ndarray
    edge_zeros: np.ndarray
    crossed: np.ndarray


class Words(NamedTuple):
    """Random words for the keys, and where the sign of a unit is."""

    table: np.ndarray
    positive: np.ndarray
    zero: np.ndarray
    word: np.ndarray
    bit: np.ndarray


class Block(NamedTuple):
    """The units to insert: columns `0:a` and `b:c` of the carried values are needed."""

    columns: np.ndarray
    word: int
    first_unit: int
    num_facets: int
    a: int
    b: int
    c: int


class Counts(NamedTuple):
    """How far the insertion is, and what there is room for."""

    at: int
    vertices: int
    edges: int
    used: int
    vertex_room: int
    edge_room: int
