"""Sets that a network defines on its input space, in words, and their faces.

All are made of open sets: where some affine functions of the outputs have given strict
signs. The network is cut where those functions vanish, so that each has one sign on
every face, which its signs at the vertices tell: it is positive inside a face if and
only if it is so at one of its vertices and negative at none.
"""

import itertools
import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int8

from regions.network import ReluNetwork
from regions.topology.faces import FaceComplex

FORMS = (
    '"class 0", "not class 0", "output > 0", "output <= 0", "output 1 >= 0.5", '
    '"output = 0", "complement", "boundary" or "partition"'
)
_CLASS = re.compile(r"(not )?class (\d+)")
_OUTPUT = re.compile(r"output(?: (\d+))? ?(>=|<=|>|<|=) ?(\S+)")

Condition = list[tuple[int, int]]
"""Pairs (function, sign): where all these functions have these strict signs."""


class DefinedSet(NamedTuple):
    """A union of open sets, or what it leaves of the domain.

    Attributes:
        matrix: The decision functions, as affine functions of the outputs.
        shift: Their offsets.
        conditions: The open sets.
        closed: Whether the set is the rest of the domain, which is closed.
        partition: Whether it is the union of all boundaries between regions instead.
    """

    matrix: Float64[np.ndarray, "functions outputs"]
    shift: Float64[np.ndarray, " functions"]
    conditions: list[Condition]
    closed: bool
    partition: bool = False


def parse_set(of: str, network: ReluNetwork) -> DefinedSet:
    """The set that some words define.

    Raises:
        ValueError: If they define none for this network.
    """
    words, outputs = " ".join(of.split()), network.output_dim
    if words == "complement":
        words = "output <= 0" if outputs == 1 else "not class 0"
    if words == "boundary":
        return _ties(outputs)
    if words == "partition":
        return DefinedSet(np.zeros((0, outputs)), np.zeros(0), [], True, partition=True)
    if found := _CLASS.fullmatch(words):
        chosen = int(found[2])
        if chosen >= max(2, outputs):
            raise ValueError(
                f"`of` is {of!r} and the network has {max(2, outputs)} classes: one of "
                f"0 to {max(2, outputs) - 1} is required."
            )
        return _class(chosen, outputs, closed=found[1] is not None)
    if found := _OUTPUT.fullmatch(words):
        return _half_space(of, found, outputs)
    raise ValueError(f"`of` is {of!r}: something like {FORMS} is required.")


def _class(chosen: int, outputs: int, *, closed: bool) -> DefinedSet:
    """Where one output is larger than all others; of one output, its sign."""
    if outputs == 1:
        condition = [(0, 1 if chosen else -1)]
        return DefinedSet(np.ones((1, 1)), np.zeros(1), [condition], closed)
    others = [j for j in range(outputs) if j != chosen]
    matrix = np.zeros((len(others), outputs))
    matrix[:, chosen] = 1.0
    matrix[np.arange(len(others)), others] = -1.0
    condition = [(row, 1) for row in range(len(others))]
    return DefinedSet(matrix, np.zeros(len(others)), [condition], closed)


def _half_space(of: str, found: re.Match[str], outputs: int) -> DefinedSet:
    """Where one output is above, below or at a threshold."""
    number = int(found[1] or 0)
    if number >= outputs or (found[1] is None and outputs > 1):
        raise ValueError(
            f"`of` is {of!r} and the network has {outputs} outputs: name one of them, "
            'as in "output 0 > 0".'
        )
    try:
        threshold = float(found[3])
    except ValueError:
        threshold = np.nan
    if not np.isfinite(threshold):
        raise ValueError(f"`of` is {of!r}: a finite number is required at its end.")
    matrix, shift = np.eye(outputs)[[number]], np.array([-threshold])
    above, below = [(0, 1)], [(0, -1)]
    conditions = {
        ">": [above],
        "<": [below],
        ">=": [below],
        "<=": [above],
        "=": [above, below],
    }[found[2]]
    return DefinedSet(matrix, shift, conditions, found[2].endswith("="))


def _ties(outputs: int) -> DefinedSet:
    """Where no class wins strictly."""
    if outputs == 1:
        return DefinedSet(np.ones((1, 1)), np.zeros(1), [[(0, 1)], [(0, -1)]], True)
    pairs = list(itertools.combinations(range(outputs), 2))
    matrix = np.zeros((len(pairs), outputs))
    wins: list[Condition] = [[] for _ in range(outputs)]
    for row, (i, j) in enumerate(pairs):
        matrix[row, i], matrix[row, j] = 1.0, -1.0
        wins[i].append((row, 1))
        wins[j].append((row, -1))
    return DefinedSet(matrix, np.zeros(len(pairs)), wins, True)


def faces_of_set(
    complex_: FaceComplex,
    wanted: DefinedSet,
    signs: Int8[np.ndarray, "vertices functions"],
) -> list[Bool[np.ndarray, " _"]]:
    """Which faces of each dimension make up a set.

    Args:
        complex_: The complex of the network cut by the decision functions.
        wanted: The set.
        signs: Signs of the decision functions at the vertices.
    """
    if wanted.partition:
        return _walls(complex_)
    inside = [np.zeros(count, bool) for count in complex_.counts]
    for condition in wanted.conditions:
        for faces, found in zip(complex_.members, inside, strict=True):
            all_hold = np.ones(len(faces), bool)
            for function, sign in condition:
                all_hold &= faces.any_in(signs[:, function] == sign)
            found |= all_hold
    return [~found for found in inside] if wanted.closed else inside


def _walls(complex_: FaceComplex) -> list[Bool[np.ndarray, " _"]]:
    """The facets between two regions, and all faces of them."""
    result = [np.zeros(complex_.counts[-1], bool), ~complex_.outer[-2]]
    for k in range(complex_.dim - 1, 0, -1):
        found = np.zeros(complex_.counts[k - 1], bool)
        chosen = np.flatnonzero(result[-1])
        found[complex_.boundaries[k].take(chosen).items] = True
        result.append(found)
    return result[::-1]
