"""Counting and listing with the tree, on bounded domains and in the whole space."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.journal import Journal, fingerprint
from regions.enumeration.listing import Listing
from regions.enumeration.tree.cells import TreeCells
from regions.enumeration.tree.homogeneous import cone_problem, from_cone
from regions.enumeration.tree.questions import witness_of
from regions.enumeration.tree.search import Tree
from regions.network import ReluNetwork
from regions.packing import pack_bits
from regions.signs.predicate import Predicate

Progress = Callable[[int, int], None]
PROGRESS_STEPS = 1_000_000


def count_any(
    network: ReluNetwork,
    domain: Domain,
    budget: Budget,
    progress: Progress | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> tuple[int, bool, dict[str, Any]]:
    """Number of regions by the tree, whether complete, and what it took."""
    search = _Search(network, domain, budget, progress, journal)
    for _ in search.blocks():
        pass
    # An unfinished cell holds a region, at least.
    return search.found + search.waiting(), search.complete, search.stats()


def list_any(
    network: ReluNetwork,
    domain: Domain,
    budget: Budget,
    progress: Progress | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Listing:
    """All regions by the tree."""
    search = _Search(network, domain, budget, progress, journal)
    finished = [(block.bits, block.center, block.exact) for block in search.blocks()]
    started = search.partial()
    while search.falls_short(started):
        finished += [(b.bits, b.center, b.exact) for b in search.blocks()]
        started = search.partial()
    if search.journal is not None:
        finished = list(search.journal.parts(sum(network.widths)))
    found = finished + started
    bits, center, exact = _joined(found, network, search.tree.domain.dim)
    if budget.max_regions is not None and len(bits) > budget.max_regions:
        kept = slice(0, budget.max_regions)
        bits, center, exact = bits[kept], center[kept], exact[kept]
        search.complete = False
    rational = {int(k): exact[k] for k in np.flatnonzero(exact != np.array(None))}
    if isinstance(domain, WholeSpace):
        center, rational = from_cone(
            network, domain, search.tree.domain, bits, center, rational
        )
    return Listing(
        pack_bits(bits[:, network.kinks]),
        center,
        rational,
        search.complete,
        {**search.stats(), "exact_witnesses": len(rational)},
    )


Found = tuple[np.ndarray, np.ndarray, np.ndarray]


def _joined(found: list[Found], network: ReluNetwork, dim: int) -> Found:
    """Bits, centers and rational witnesses of several blocks as one."""
    none = (
        np.zeros((0, sum(network.widths)), bool),
        np.zeros((0, dim)),
        np.full(0, None, object),
    )
    bits, center, exact = zip(none, *found, strict=True)
    return np.concatenate(bits), np.concatenate(center), np.concatenate(exact)


class _Search:
    """One run of the tree, with its journal and progress."""

    def __init__(
        self,
        network: ReluNetwork,
        domain: Domain,
        budget: Budget,
        progress: Progress | None,
        journal: str | os.PathLike[str] | None,
    ):
        problem: tuple[ReluNetwork, BoundedDomain]
        if isinstance(domain, WholeSpace):
            problem = cone_problem(network)
        else:
            problem = network, domain
        self.tree = Tree(*problem)
        self.complete = False
        self.found = 0
        self.journal = None
        self._budget, self._progress = budget, progress
        self._limit = budget.max_regions
        self._done = 0.0
        if journal is not None:
            self.journal = Journal(journal, fingerprint(network, domain))
            stack = self.journal.resume()
            if stack is not None:
                self.tree.stack = stack
                self.found = self.journal.regions
                self._done = 1.0 - sum(float(b.share.sum()) for b in stack)

    def blocks(self) -> Iterator[TreeCells]:
        """Finished blocks; with a journal they are written there too."""
        waiting: list[TreeCells] = []
        for block in self.tree.leaves(self._budget, self._report, self._enough):
            self._done += float(block.share.sum())
            self.found += len(block)
            yield block
            if self.journal is not None:
                waiting.append(block)
                if self.journal.due():
                    self.journal.write(waiting, self.tree.stack)
                    waiting = []
        self.complete = not self.tree.stack
        if self.journal is not None:
            self.journal.write(waiting, self.tree.stack)
        self._report()

    def waiting(self) -> int:
        """How many cells are unfinished."""
        return sum(len(block) for block in self.tree.stack)

    def _enough(self) -> bool:
        """Whether more cells are known than regions are asked for."""
        return self._limit is not None and self.found + self.waiting() > self._limit

    def falls_short(self, started: list[Found]) -> bool:
        """Whether to go on, as unfinished cells gave too few regions; asks for more."""
        if self.complete or self._budget.spent() or self._limit is None:
            return False
        known = self.found + sum(len(bits) for bits, _, _ in started)
        self._limit *= 2
        return not self._budget.full(known)

    def _report(self) -> None:
        """Tell how much of the tree is done: a split halves a cell's share."""
        if self._progress is not None:
            done = 1.0 if self.complete else min(self._done, 1.0 - 1e-6)
            self._progress(int(done * PROGRESS_STEPS), PROGRESS_STEPS)

    def partial(self) -> list[Found]:
        """Proved regions among the unfinished cells of a search that stopped.

        Cells of fewer units differ in some unit; a witness whose signs of all units are
        strict in exact arithmetic lies in a region of the whole network.
        """
        predicate = Predicate(self.tree.network, self.tree.domain)
        result: list[Found] = []
        for block in self.tree.stack:
            points = [witness_of(block, k) for k in range(len(block))]
            found = predicate.signs(points)
            strict = found.strict
            bits = found.on[strict]
            result.append((bits, block.center[strict], block.exact[strict]))
            if self._budget.interrupted and len(result) > 8:
                break
        return result

    def stats(self) -> dict[str, Any]:
        """Decisions by test, and the reason of an early stop."""
        result: dict[str, Any] = {f"by_{k}": v for k, v in self.tree.counts.items()}
        if "by_lps" in result:
            result["linear_programs"] = result.pop("by_lps")
        if not self.complete:
            result["stopped"] = self._budget.reason()
        return result
