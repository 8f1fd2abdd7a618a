"""Zeros that the weights tell, and no float does.

A unit without a bias vanishes where all that it reads does: in the origin of the chart,
where the input vanishes; where the lines of the units that it reads meet; everywhere,
where these are off and flat. What it reads depends on the cell.
"""

from regions.enumeration.cells.form_rows import ERROR, SIZE

BIASED, INPUT, NOTHING = range(3)
"""What a unit adds to what it reads of other units: a bias, or something in the origin;
what vanishes there; nothing."""


def find_zeros(
    corner,
    layer,
    rows,
    weights,
    blocks,
    first_block,
    widths,
    exact,
    unbiased,
    facets,
    held,
    through,
    told,
    zero,
):
    """Note which units of a layer the weights say to vanish at a corner of a cell.

    Args:
        corner: The corner.
        layer: The layer of the cell.
        rows: The two rows that meet in each corner.
        weights: All matrices, like all that follow up to `widths` in `FlatNetwork`.
        blocks: Source, start and fan-in of every block.
        first_block: First block of each layer.
        widths: Units of each layer.
        exact: As in `State`: forms without errors tell their zeros themselves.
        unbiased: What each unit adds, by the names above.
        facets: Rows of the domain.
        held: Forms of the input and of each layer's activations.
        through: Written: whether each unit vanishes in the origin, on the cell.
        told: Of which layers that is written; written.
        zero: Written: whether each unit of the layer vanishes at the corner.
    """
    for level in range(layer + 1):
        if told[level] == 0:
            told[level] = 1
            _pass_zeros(
                level,
                True,
                weights,
                blocks,
                first_block,
                widths,
                unbiased,
                held,
                through,
            )
    if _is_origin(corner, rows, facets, through):
        for j in range(widths[layer]):
            zero[layer, j] = through[layer, j]
        return
    if exact[len(widths) + 1 + layer] != 0:
        for j in range(widths[layer]):
            zero[layer, j] = 0
        return
    room = zero.shape[1]
    for level in range(layer + 1):
        _pass_zeros(
            level, False, weights, blocks, first_block, widths, unbiased, held, zero
        )
        for n in range(2):
            row = rows[corner, n] - len(facets)
            if row >= 0 and row // room == level:
                zero[level, row % room] = 1


def _is_origin(corner, rows, facets, through):
    """Whether both rows that meet in a corner pass through the origin."""
    room = through.shape[1]
    for n in range(2):
        row = rows[corner, n]
        if row < len(facets):
            if facets[row, 5] == 0.0:
                return False
            continue
        row -= len(facets)
        if through[row // room, row % room] == 0:
            return False
    return True


def _pass_zeros(
    level, in_origin, weights, blocks, first_block, widths, unbiased, held, zero
):
    """Which units of a layer vanish with those before, at a point."""
    width, room, some = widths[level], zero.shape[1], 0
    for j in range(width):
        adds = unbiased[level, j]
        zero[level, j] = 1 if adds == NOTHING or (in_origin and adds == INPUT) else 0
        some += zero[level, j]
    for n in range(first_block[level], first_block[level + 1]):
        source, start = blocks[n, 0], blocks[n, 1]
        if source == 0:
            continue
        for i in range(blocks[n, 2]):
            # Most units read all others: the first of these leaves none.
            if some == 0:
                return
            is_live = held[source, SIZE, i] != 0.0 or held[source, ERROR, i] != 0.0
            if is_live and zero[source - 1, i] == 0:
                some = 0
                for j in range(width):
                    if weights[start + i * room + j] != 0.0:
                        zero[level, j] = 0
                    some += zero[level, j]
