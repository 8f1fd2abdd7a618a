"""The walk over one network after another of a stack, in one call.

It stops and goes on like the walk over one network, of which it is made. A network
whose walk asks for more than floats is left out, and the next one is begun.
"""

from regions.enumeration.cells.flat import member
from regions.enumeration.cells.plane import (
    BASE,
    COUNT,
    DONE,
    LEFT,
    PAUSED,
    REGIONS,
    ROOM,
    SPLITS,
    TESTED_EXACTLY,
    TOP,
    begin,
    run,
)

AT, BEGUN = range(2)
"""The network that is walked over, and whether it was begun."""
WHY, FOUND, PARTS, CUTS, TESTS = range(5)
"""Columns of a result: why its walk ended; regions found; cells that are left; what was
done."""
FIRST_WORK = 500
"""Operations to begin a network, about."""


def count_stack(stack, state, place, results, work, most):
    """Count on.

    Args:
        stack: Flat networks of one shape.
        state: Arrays of `state.State`.
        place: `AT` and `BEGUN`, two zeros at first.
        results: Written: a row for each network that is done or left out.
        work: About how many operations to do before the next pause.
        most: Regions to find of each network.

    Returns:
        DONE, PAUSED or ROOM, as `plane.run` does.
    """
    number, head = len(stack.weights), state.head
    while place[AT] < number:
        k = place[AT]
        net = member(stack, k)
        if place[BEGUN] == 0:
            begin(net, state)
            place[BEGUN] = 1
            work -= FIRST_WORK
        why = run(net, state, work, most, COUNT)
        work = head[LEFT]
        if why == ROOM or (why == PAUSED and head[REGIONS] < most):
            return why
        results[k, WHY], results[k, FOUND] = why, head[REGIONS]
        results[k, PARTS] = head[TOP] - head[BASE]
        results[k, CUTS], results[k, TESTS] = head[SPLITS], head[TESTED_EXACTLY]
        place[AT], place[BEGUN] = k + 1, 0
    return DONE
