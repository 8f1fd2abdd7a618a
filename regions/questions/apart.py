"""Which unit makes two networks side by side differ: a guess, which proves nothing.

A unit that only one of them has is like another of the other network, up to a weight or
two. Then what these weigh is to blame, or the unit itself where they weigh an input.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from flint import fmpq

from regions.questions.canonical import CONSTANT, Form, Forms, Unit, combined


def unit_apart(forms: Forms, is_first: Callable[[Unit], bool]) -> Unit | None:
    """The earliest unit to blame for a difference of outputs; None if no unit is.

    Args:
        forms: The outputs of both networks.
        is_first: Whether a unit is one of the first network.
    """
    alone, shared = _reached(forms, is_first)
    if not alone:
        return min((forms.kept[k].unit for k in shared), default=None)
    blamed = set()
    for one, other in likenesses(forms, alone, is_first):
        apart = {k for k in _difference(one, other, forms) if k < CONSTANT}
        blamed |= apart or {one, other}
    return min(forms.kept[k].unit for k in blamed)


def _reached(
    forms: Forms, is_first: Callable[[Unit], bool]
) -> tuple[set[int], set[int]]:
    """Units on which a difference depends: of one network alone, and of both."""
    waiting, seen = [form for form in forms.gaps() if form], set()
    alone, shared = set(), set()
    while waiting:
        for k in waiting.pop():
            if k >= CONSTANT or k in seen:
                continue
            seen.add(k)
            if len({is_first(unit) for unit in forms.kept[k].readers}) == 1:
                alone.add(k)
                waiting.append(forms.kept[k].row)
            else:
                shared.add(k)
    return alone, shared


def likenesses(
    forms: Forms, alone: set[int], is_first: Callable[[Unit], bool]
) -> Iterator[tuple[int, int]]:
    """Each unit of the first network with that of the other which is most like it.

    Ratios of neighboring weights tell: most stay as they are where one weight changes
    or all are scaled. A unit that is like none is its own likeness.
    """
    holders = defaultdict(list)
    for k in alone:
        if not is_first(forms.kept[k].unit):
            for ratio in _ratios(forms.kept[k].row):
                holders[forms.kept[k].unit[0], ratio].append(k)
    others = {k for k in alone if not is_first(forms.kept[k].unit)}
    for k in alone - others:
        layer = forms.kept[k].unit[0]
        votes = Counter(
            held
            for ratio in _ratios(forms.kept[k].row)
            for held in holders.get((layer, ratio), ())
        )
        like = votes.most_common(1)[0][0] if votes else k
        others.discard(like)
        yield k, like
    for k in others:
        yield k, k


def _ratios(row: Form) -> Iterator[tuple[int, int, str]]:
    """Ratios of the weights of neighboring terms."""
    places = sorted(row)
    for a, b in itertools.pairwise(places):
        yield a, b, str(row[a] / row[b])


def _difference(one: int, other: int, forms: Forms) -> Form:
    """What two rows of like units have apart, one of them scaled."""
    first, second = forms.kept[one].row, forms.kept[other].row
    scales = Counter(str(first[k] / second[k]) for k in first.keys() & second.keys())
    if not scales or one == other:
        return {}
    ((scale, _),) = scales.most_common(1)
    return combined([(fmpq(1), first), (-_number(scale), second)])


def _number(text: str) -> fmpq:
    """A rational number as it was written."""
    top, _, bottom = text.partition("/")
    return fmpq(int(top), int(bottom or "1"))
