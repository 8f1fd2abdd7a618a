"""Whether one class wins on all of a cell: then none of it need be cut.

On a cell of the layers before the last the difference of two outputs is an affine
function and, for each unit of the last layer that crosses the cell, a ramp
`k max(z, 0)` of its form z. Ramps of k < 0 are concave, and least at corners; one of
k > 0 is at least the linear `k a z`, for any a from 0 to 1. So the least sum at a
corner is a bound of all differences: where it is positive, the other class is beaten
on all of the cell, and on its parts. A class that is not is a rival there.

Behind the last layer come the outputs, and a unit for each class but the first, each a
layer of its own: it is on where the class exceeds the largest of those before it. The
unit of a class that is beaten is taken to be off, and that of the first rival to be on,
without a sign: the largest of those before a rival is then that of the rivals, and the
last unit that is on that of the largest output, the first if some are equal. A cell
that only the unit of the last rival divides is handed over with its form, uncut.

Errors are those of `hopes.py`, of a sum whose weights are the largest of any class:
twice as much is what a difference is off by.
"""

from regions.enumeration.cells.space.corner_signs import place_of
from regions.enumeration.cells.space.forms import INDEX, SAFE
from regions.enumeration.cells.space.hopes import note_errors, slopes_on
from regions.enumeration.cells.space.state import CANDIDATES, LAYER, NOTED, SETTLED

NEAR = 2.0**-36
"""Where a unit vanishes is known so well that no cell need be cut there."""


def pass_beaten(net, st, s, layer):
    """Take a cell past the units of classes that are beaten; returns its layer.

    They are off.
    """
    first, classes = st.goal[1] + 1, st.rival.shape[1]
    while first < layer < first + classes and st.rival[s, layer - first] == 0:
        place = net.place[layer + 1] & INDEX
        for c in range(len(st.held)):
            st.held[c, place] = 0.0
        st.held_size[place] = st.held_doubt[place] = 0.0
        st.path[net.word[layer]] = 0
        layer += 1
    st.cell[s, LAYER] = layer
    return layer


def presume(st, s, layer):
    """Note what is known of classes where a cell has entered a layer.

    At first all are rivals. The unit of the first of them is on.
    """
    rival, k = st.rival, layer - st.goal[1] - 1
    if k < 0:
        for other in range(rival.shape[1]):
            rival[s, other] = 1
    elif 0 < k < rival.shape[1] and not _any_rival(rival, s, 0, k):
        st.bits[s, 0] = 1
        st.cell[s, CANDIDATES], st.cell[s, SETTLED] = 0, 1


def is_told(st, s, layer):
    """Whether a cell of a layer has a class, as no unit behind the layer is on."""
    k, classes = layer - st.goal[1] - 1, st.rival.shape[1]
    return 0 < k < classes and not _any_rival(st.rival, s, k + 1, classes)


def divides(net, st, s, layer):
    """Whether a class's unit divides a cell where it is known as well as corners are.

    If so, it is put on: of the cell's classes it is the last.
    """
    at, corners, _ = place_of(st.cell, s)
    u, worst = net.first[layer] & INDEX, 0.0
    for q in range(at, at + corners):
        worst = max(worst, st.reach[q])
    bound = st.value_doubt[u] + st.steep[u] * worst
    low, high = unit_at_corners(st, u, at, corners)
    if low < -bound and high > bound and bound < NEAR * st.steep[u]:
        st.bits[s, 0] = 1
        return True
    return False


def _any_rival(rival, s, begin, end):
    """Whether a class from one number to another may win on a cell."""
    found = 0
    for k in range(begin, end):
        found |= rival[s, k]
    return found != 0


def winner(net, st, s, layer):
    """The class that wins on all of a cell; -1 if some may, and then notes which.

    The unit that blurs their differences most is put last on the list.
    """
    if st.reg[NOTED] != st.stamp[layer]:
        note_errors(net, st, layer)
    count = slopes_on(net, st, s, layer)
    at, corners, begin = place_of(st.cell, s)
    _outputs_at_corners(net, st, s, layer, count)
    rival, classes, worst = st.rival, st.rival.shape[1], 0.0
    for q in range(at, at + corners):
        worst = max(worst, st.reach[q])
    error = 2.0 * SAFE * (st.lost[classes, 0] + st.lost[classes, 1] * worst)
    best, rivals = _leader(st, s, corners), 0
    tested = _mark_beaten(st, s, best, corners, error, 1, 2)
    if tested > 0 and count > 0:
        _loosen(net, st, s, layer, count, best)
        tested = _mark_beaten(st, s, best, corners, error, 2, 2)
    for k in range(classes):
        if rival[s, k] == 2:
            rival[s, k] = 0
        rivals += rival[s, k]
    if rivals == 1:
        return best
    left = st.cell[s, CANDIDATES]
    if left > 1:
        worst_unit = _most_blurring(net, st, s, layer, left, best)
        j = st.candidates[begin + worst_unit]
        st.candidates[begin + worst_unit] = st.candidates[begin + left - 1]
        st.candidates[begin + left - 1] = j
    return -1


def _outputs_at_corners(net, st, s, layer, count):
    """The outputs that may be largest, at the corners; how much each unit bends."""
    form, factor, weight, outputs, entry = (
        st.form,
        st.factor,
        st.weight,
        st.outputs,
        st.trial,
    )
    x, rival, value = st.x, st.rival, st.value
    at, corners, _ = place_of(st.cell, s)
    dim, first = len(x), net.first[layer] & INDEX
    width, classes = (net.first[layer + 1] & INDEX) - first, rival.shape[1]
    for c in range(dim, -1, -1):
        for j in range(width):
            entry[j] = factor[j] * form[c, first + j]
        for k in range(classes):
            if rival[s, k] == 0:
                continue
            total = 0.0
            for j in range(width):
                total += weight[k, j] * entry[j]
            if c == dim:
                for q in range(corners):
                    outputs[k, q] = total
            else:
                for q in range(corners):
                    outputs[k, q] += total * x[c, at + q]
    for z in range(count):
        j = st.crossing[z]
        low, high = unit_at_corners(st, first + j, at, corners)
        st.bend[z] = 0.0
        if low < 0.0 < high:
            st.bend[z] = -low * high / (high - low)
        for k in range(classes):
            kink = weight[k, j] * (1.0 - net.slope[first + j])
            if rival[s, k] != 0 and kink != 0.0:
                for q in range(corners):
                    outputs[k, q] += kink * max(value[q], 0.0)


def unit_at_corners(st, u, at, corners):
    """Values of a unit at the corners of a cell; their ends."""
    x, form, value, dim = st.x, st.form, st.value, len(st.x)
    for q in range(corners):
        value[q] = form[dim, u]
    for c in range(dim):
        for q in range(corners):
            value[q] += form[c, u] * x[c, at + q]
    low, high = value[0], value[0]
    for q in range(corners):
        low, high = min(low, value[q]), max(high, value[q])
    return low, high


def _leader(st, s, corners):
    """The class whose sum over the corners is largest of those that may win."""
    best, most = -1, 0.0
    for k in range(st.rival.shape[1]):
        if st.rival[s, k] != 0:
            total = 0.0
            for q in range(corners):
                total += st.outputs[k, q]
            if best < 0 or total > most:
                best, most = k, total
    return best


def _mark_beaten(st, s, best, corners, error, old, new):
    """Mark the classes of a mark that one beats at all corners; how many.

    Others get the mark of a rival.
    """
    rival, outputs, beaten = st.rival, st.outputs, 0
    for k in range(rival.shape[1]):
        if rival[s, k] != old or k == best:
            continue
        is_less = True
        for q in range(corners):
            # Nothing is told of what is no number.
            is_less = is_less and outputs[best, q] - outputs[k, q] > error
        rival[s, k] = new if is_less else 1
        beaten += is_less
    return beaten


def _loosen(net, st, s, layer, count, best):
    """Add to the classes marked as beaten at corners what they may gain between."""
    weight, value, outputs = st.weight, st.value, st.outputs
    at, corners, _ = place_of(st.cell, s)
    first = net.first[layer] & INDEX
    for z in range(count):
        if st.bend[z] == 0.0:
            continue
        j = st.crossing[z]
        low, high = unit_at_corners(st, first + j, at, corners)
        slope = 1.0 if high > -low else 0.0
        for q in range(corners):
            value[q] = max(value[q], 0.0) - slope * value[q]
        for k in range(st.rival.shape[1]):
            kink = (weight[best, j] - weight[k, j]) * (1.0 - net.slope[first + j])
            if st.rival[s, k] == 2 and kink > 0.0:
                for q in range(corners):
                    outputs[k, q] += kink * value[q]


def _most_blurring(net, st, s, layer, left, best):
    """Which unit on the list bends a difference of two rivals most."""
    weight, rival, first = st.weight, st.rival, net.first[layer] & INDEX
    found, most = 0, -1.0
    for z in range(left):
        j, kink = st.crossing[z], 0.0
        for k in range(rival.shape[1]):
            if rival[s, k] != 0:
                kink = max(kink, abs(weight[best, j] - weight[k, j]))
        blur = st.bend[z] * kink * abs(1.0 - net.slope[first + j])
        if blur > most:
            found, most = z, blur
    return found
