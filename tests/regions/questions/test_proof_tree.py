"""Trees of searches without what is looser than the whole was: against all leaves."""

import numpy as np
from flint import fmpq

from regions.questions.backward import Box, Dual
from regions.questions.proof_tree import (
    BoxProof,
    Entry,
    Proof,
    Split,
    halves,
    middle,
    pruned,
)


def some_tree(
    rng: np.random.Generator,
) -> tuple[list[Entry], dict[int, Proof | BoxProof]]:
    """Leaves with bounds, some of them empty, and what was proved before the splits."""
    tree: list[Entry] = [None]
    earlier: dict[int, Proof | BoxProof] = {}
    for number in range(15):
        if number >= len(tree):
            break
        if rng.uniform() < 0.7:
            pair = len(tree), len(tree) + 1
            tree[number] = Split(0, fmpq(0), None, pair)
            tree += [None, None]
            if rng.uniform() < 0.6:
                earlier[number] = a_proof(rng)
    for number, entry in enumerate(tree):
        if entry is None:
            tree[number] = a_proof(rng)
    return tree, earlier


def a_proof(rng: np.random.Generator) -> Proof | BoxProof:
    """Of a small number, or that nothing is there."""
    bound = None if rng.uniform() < 0.2 else fmpq(int(rng.integers(-4, 5)), 2)
    if rng.uniform() < 0.5:
        return BoxProof(bound)
    return Proof(bound, Dual((), {}, {}), {})


def leaves(tree: list[Entry], number: int = 0) -> list[Proof | BoxProof]:
    """All that are below a node."""
    entry = tree[number]
    if isinstance(entry, Split):
        return [leaf for part in entry.parts for leaf in leaves(tree, part)]
    assert entry is not None
    return [entry]


def largest(entries: list[Proof | BoxProof]) -> fmpq | None:
    """The largest bound; None if all are empty."""
    return max((e.bound for e in entries if e.bound is not None), default=None)


def test_the_better_of_a_whole_and_its_parts_is_kept():
    replaced = 0
    for seed in range(300):
        tree, earlier = some_tree(np.random.default_rng(seed))
        found, bounds = pruned(tree, earlier)
        for number, entry in enumerate(tree):
            assert bounds[number] == largest(leaves(found, number))
            if not isinstance(entry, Split):
                assert found[number] is entry
                continue
            whole = earlier.get(number)
            parts = largest([e for part in entry.parts for e in leaves(found, part)])
            bound = None if whole is None else whole.bound
            known = [v for v in (parts, bound) if v is not None]
            better = len(known) == 2 and known[1] < known[0]
            assert found[number] is (whole if better else entry)
            replaced += better
            assert bounds[number] == (None if parts is None else min(known))
    assert replaced > 50


def test_a_box_falls_in_two_at_the_middle_of_its_longest_axis():
    low, high = (fmpq(0), fmpq(-1), fmpq(2)), (fmpq(1), fmpq(3), fmpq(5))
    axis, at = middle(Box(low, high))
    assert (axis, at) == (1, 1)
    below, above = halves(Box(low, high), axis, at)
    assert below == Box(low, (fmpq(1), fmpq(1), fmpq(5)))
    assert above == Box((fmpq(0), fmpq(1), fmpq(2)), high)
