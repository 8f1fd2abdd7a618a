"""What the loop over cells reads and writes: a network in flat arrays, and a stack.

Coordinates are scaled by powers of two, so that all of the domain has |x| <= 1.

A cone is a cell, too: `cones.py` makes the whole space one. Its corners are rays, each
given by a vector with |x| <= 1, and its *rank*, the dimension of a slice, is one less
than that of the space; on a bounded domain both are the same.
"""

from typing import NamedTuple

import numpy as np

# Columns of `cell`.
LAYER, AT, CORNERS, CANDIDATES_AT, CANDIDATES, DIM, SETTLED = range(7)
# Entries of `reg`.
BOTTOM, TOP, COUNT, NEXT_ID, NEXT_STAMP, ASKED, FACTS, FOUND, FILLED, TESTS, RANK = (
    range(11)
)
NOTED = 11


class Net(NamedTuple):
    """A network on a domain in flat arrays; layers and units count from 0.

    Sources are the input (0) and the activations of hidden layer k (k, from 1 on).

    Attributes:
        turned: Transposed matrices, block by block, row by row.
        at: Where each block starts.
        source: What each block reads.
        block: First block of each layer.
        bias: Bias of each unit.
        slope: Slope of each unit below zero.
        first: First unit of each layer.
        word: First word of each layer in a pattern.
        place: Where the forms of each source start.
        row_doubt: Rounding of the rows that were composed with the chart, by layer.
        bias_doubt: The same of the biases.
        exact: For each layer, sums of absolute values up to which its forms are
            computed without rounding if what it reads was; the same after the kinks.
        facets: The facets of the domain as forms that are positive inside.
        scale: What coordinates are multiplied by to get those of the chart.
        grid: For each layer, an exponent of a power of two of which all entries of its
            forms are multiples; infinite if there is none of a usual size.
        facet_grid: The same of the facets; infinite where floats do not hold one.
        leader: For each unit the first of its layer that is zero where it is.
        opposed: Units that have the other sign than their leader.
        twins: How many units of each layer have another leader than themselves.
        unbiased: Units that are zero where all chart coordinates are.
        primes: Primes; none until they are needed.
        rest: Residues of `turned` modulo each prime.
        bias_rest: Residues of `bias`.
        slope_rest: Residues of `slope`.
        facet_rest: Residues of `facets`.
    """

    turned: np.ndarray
    at: np.ndarray
    source: np.ndarray
    block: np.ndarray
    bias: np.ndarray
    slope: np.ndarray
    first: np.ndarray
    word: np.ndarray
    place: np.ndarray
    row_doubt: np.ndarray
    bias_doubt: np.ndarray
    exact: np.ndarray
    facets: np.ndarray
    scale: np.ndarray
    grid: np.ndarray
    facet_grid: np.ndarray
    leader: np.ndarray
    opposed: np.ndarray
    twins: np.ndarray
    unbiased: np.ndarray
    primes: np.ndarray
    rest: np.ndarray
    bias_rest: np.ndarray
    slope_rest: np.ndarray
    facet_rest: np.ndarray


class State(NamedTuple):
    """A stack of cells, and the forms of the layers on the path to its top.

    All cells of one layer on the stack have the same parent in the layer before: the
    forms of their layer are those on this parent.

    Attributes:
        reg: Numbers: bottom and top of the stack, regions counted, and so on.
        done: Share of the domain that is finished, each cut halving a share.
        cell: Layer, first corner, corners, first candidate, candidates, dimensions,
            whether all candidates are known to cross the cell (2 on segments whose lone
            points are counted).
        share: Share of each cell.
        bits: Words of the units of the cell's layer that are known to be on, then of
            those that vanish on all of it.
        row: For each cell, the row that each bit of a zero set stands for: a facet of
            the domain or, after those, a unit.
        x: Positions of corners, coordinate by coordinate.
        reach: Bounds of how far they are from the exact corners.
        zeros: Zero sets of corners, some words each.
        name: Number of each corner.
        candidates: Units that may cross a cell, cell after cell.
        path: Words of the pattern of the parents, layer after layer.
        stamp: Number of the forms of each layer.
        form: Pre-activations: gradient, then offset, for each unit.
        value_doubt: Bounds of the error of a form's value at a stored position.
        doubt: Bounds of the error of each form, where |x| <= 1.
        steep: Bounds of the length of each gradient.
        held: Activations, source after source.
        held_doubt: Bounds of their errors.
        held_size: Sums of their absolute values.
        worst: A new corner with a larger bound is found anew from its rows.
        new_x: Positions of the corners that a cut makes.
        new_reach: The same as `reach` for these.
        new_zeros: The same as `zeros`.
        value: Values of a unit at the corners of a cell.
        side: Signs of a unit at the corners of a cell.
        sides: Corners on the positive and on the negative side.
        below: Zero sets of those on the negative side, word by word.
        shared: How many rows each of them has in common with another corner.
        low: Lowest values of the units of a layer at the corners of a cell.
        high: The highest ones.
        trial: Values of the units of a layer at one corner.
        spots: Where units may vanish on a segment, at least.
        spot_ends: The same, at most.
        asked: Questions left open: unit and corner.
        fact_key: Answers: stamp, unit, corner.
        fact: Signs.
        vanished: Zeros that were proved by residues: stamp, unit, corner.
        rest: Residues of `form` modulo each prime.
        rest_stamp: Stamp of the forms whose residues these are, by prime and layer.
        out_bits: Patterns of the regions found.
        out_row: Their rows, as in `row`.
        out_end: Where their corners end.
        out_x: Their corners.
        out_reach: The same as `reach` for these.
        out_zeros: The same as `zeros`.
        out_form: Forms of the last units of the last layer on them, where values are
            wanted: gradient, offset, and `doubt`.
        goal: What is looked for, as in `hopes.py`, and in which layer; what follows is
            empty where all regions are wanted.
        weight: What the activations of the last layer with kinks are multiplied by.
        rival: For each cell which classes may win there.
        outputs: Values of classes at the corners of a cell.
        best: For each combination its largest known value, and that of its negative; or
            the largest known norm.
        lost: Bounds of the errors of sums over that layer, and per reach of a corner.
        factor: Slopes of its units on a cell.
        crossing: Units that cross it, twins among them.
        bend: How far each is from linear.
        blur: How much each adds to bounds.
        sums: Sums at the corners of a cell.
        middle: A Jacobian.
        hull: How far its entries may be from those of others.
        gram: Products of its columns.
    """

    reg: np.ndarray
    done: np.ndarray
    cell: np.ndarray
    share: np.ndarray
    bits: np.ndarray
    row: np.ndarray
    x: np.ndarray
    reach: np.ndarray
    zeros: np.ndarray
    name: np.ndarray
    candidates: np.ndarray
    path: np.ndarray
    stamp: np.ndarray
    form: np.ndarray
    value_doubt: np.ndarray
    doubt: np.ndarray
    steep: np.ndarray
    held: np.ndarray
    held_doubt: np.ndarray
    held_size: np.ndarray
    worst: np.ndarray
    new_x: np.ndarray
    new_reach: np.ndarray
    new_zeros: np.ndarray
    value: np.ndarray
    side: np.ndarray
    sides: np.ndarray
    below: np.ndarray
    shared: np.ndarray
    low: np.ndarray
    high: np.ndarray
    trial: np.ndarray
    spots: np.ndarray
    spot_ends: np.ndarray
    asked: np.ndarray
    fact_key: np.ndarray
    fact: np.ndarray
    vanished: np.ndarray
    rest: np.ndarray
    rest_stamp: np.ndarray
    out_bits: np.ndarray
    out_row: np.ndarray
    out_end: np.ndarray
    out_x: np.ndarray
    out_reach: np.ndarray
    out_zeros: np.ndarray
    out_form: np.ndarray
    goal: np.ndarray
    weight: np.ndarray
    rival: np.ndarray
    outputs: np.ndarray
    best: np.ndarray
    lost: np.ndarray
    factor: np.ndarray
    crossing: np.ndarray
    bend: np.ndarray
    blur: np.ndarray
    sums: np.ndarray
    middle: np.ndarray
    hull: np.ndarray
    gram: np.ndarray

    def emptied(self) -> "State":
        """What a walk that is over still tells: its numbers, without the arrays."""
        return State(self.reg, *(array[:0].copy() for array in self[1:]))


class Leaves(NamedTuple):
    """Regions as the loop leaves them.

    Attributes:
        bits: Words of the patterns.
        row: For each region, what the bits of zero sets stand for.
        end: Where the corners of each region end.
        x: Corners, coordinate by coordinate.
        reach: Bounds of their errors.
        zeros: Their zero sets, word by word.
        form: Forms on each region, as in `State.out_form`; none of a list.
    """

    bits: np.ndarray
    row: np.ndarray
    end: np.ndarray
    x: np.ndarray
    reach: np.ndarray
    zeros: np.ndarray
    form: np.ndarray
