"""The tree: every network, every dimension.

Units are inserted one by one into the cells of those before. For each cell and unit
one question is asked, *does the unit's boundary cross the cell*, and answered with
certainty:

- no, because a box around the cell lies on one side (interval arithmetic);
- yes, by a point on either side whose signs are proved strict (float64 with error
  bounds), found in the cell's ball or by a linear program;
- no, by multipliers of the linear program's dual, proved to be a Farkas certificate;
- what remains open, by an exact rational linear program.

No tolerance decides anything: the tests differ in cost, not in what they prove.
Linear programs go in batches to an interior point. Cells are worked through depth
first in blocks, so memory does not grow with the number of regions.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Bool, Int

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.stages import Stages
from regions.enumeration.tree.cells import (
    NO_ROW,
    SHARED,
    TreeCells,
    tightened,
)
from regions.enumeration.tree.questions import MAX_BATCHED_DIM, Questions
from regions.enumeration.tree.rounds import Round
from regions.enumeration.tree.unit_form import MODERATE, Form
from regions.enumeration.workers import told, worker_count, workers
from regions.lp.batch_proofs import prove_witness_batch
from regions.network import ReluNetwork
from regions.signs.exact import nearest_float
from regions.signs.layer_forms import layer_forms
from regions.signs.rounding import (
    are_on,
    chart_rounding,
)

MAX_CELLS, FEW_CELLS = 4096, 64
MAX_ENTRIES = 1 << 24
RECENTER = 0.25
"""A child whose ball shrinks below this share of its parent's gets a new ball."""

CHART_UNDERFLOW = 1e-315
"""Above what all products of a chart and a layer can lose by underflow."""


Forms = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Gradients, offsets and rounding of the units of a layer on some cells."""


class Tree:
    """The search: a stack of blocks of cells, deepest last.

    Attributes:
        stack: Blocks still to be worked on.
        counts: Decisions by the test that made them.
    """

    def __init__(
        self,
        network: ReluNetwork,
        domain: BoundedDomain,
        stages: Stages | None = None,
    ):
        self._stages = Stages() if stages is None else stages
        self.network = network
        self.domain = domain
        self._restricted = domain.restrict(network)
        self._chart_doubt = _chart_doubt(network, domain)
        self._first = network.unit_starts
        self._kinks = network.kinks
        self.questions = Questions(network, domain, self._stages)
        round_ = domain.squared_radius is not None
        self._round = Round(float(domain.chart_box().upper[0])) if round_ else None
        self.counts = self.questions.counts
        self.stack = [_root(domain, int(self._first[-1]))]

    def leaves(
        self,
        budget: Budget,
        on_block: Callable[[], None] = lambda: None,
        enough: Callable[[], bool] = lambda: False,
    ) -> Iterator[TreeCells]:
        """Blocks of finished cells, until all are found or the budget is spent.

        `on_block` is called after every block that was worked on, `enough` asked before
        whether to stop.
        """
        total = int(self._first[-1])
        work = functools.partial(self._work, budget=budget)
        self.questions.check = budget.check
        with workers() as pool, told(budget):
            while self.stack and not budget.spent() and not enough():
                if self.stack[-1].unit == total:
                    yield self.stack.pop()
                    continue
                taken = [
                    self.stack.pop()
                    for _ in range(min(worker_count(), len(self.stack)))
                ]
                unfinished = [block for block in taken if block.unit < total]
                self.stack += [block for block in taken if block.unit == total]
                # The order does not depend on which thread is faster.
                for block in reversed(list(pool.map(work, unfinished))):
                    limit = self._block_limit(block, budget)
                    for start in range(0, len(block), limit):
                        self.stack.append(block.take(slice(start, start + limit)))
                on_block()

    def _block_limit(self, block: TreeCells, budget: Budget) -> int:
        """How many cells to work on at once."""
        if block.dim > MAX_BATCHED_DIM:
            # Nothing is gained by more, and between blocks it is asked for the time.
            most = FEW_CELLS
        else:
            widest = max([1, *self.network.widths]) * (block.dim + 1)
            rows = block.rows.shape[1] * (block.dim + 1)
            fit = MAX_ENTRIES // max(widest, rows)
            most = int(np.clip(fit, FEW_CELLS, MAX_CELLS))
        return most if budget.max_regions is None else min(most, budget.max_regions)

    @np.errstate(all="ignore")
    def _work(self, block: TreeCells, budget: Budget) -> TreeCells:
        """Insert units of one layer until it ends, the block grows or time is up.

        A number that overflows becomes infinite or NaN, and proves nothing.
        """
        index = self.layer_of(block.unit)
        with self._stages("product"):
            forms = self.forms(block, index)
        parent = np.arange(len(block))
        limit = 2 * self._block_limit(block, budget)
        while block.unit < self._first[index + 1] and len(block) <= limit:
            if budget.spent():
                break
            try:
                block, origin = self.inserted(block, forms, parent)
            except StoppedError:
                # Before any cell was split: they go without this unit.
                break
            parent = parent[origin]
            if self._round is not None:
                kept, block = self._round.kept(block)
                if not kept.all():
                    block, parent = block.take(np.flatnonzero(kept)), parent[kept]
        return block.compacted()

    def layer_of(self, unit: int) -> int:
        """Index of the hidden layer of a unit; units are numbered through."""
        return int(np.searchsorted(self._first, unit, side="right") - 1)

    def forms(self, cells: TreeCells, layer: int) -> Forms:
        """Affine forms of the units of a layer on cells: `layer_forms`."""
        return layer_forms(self._restricted, cells.bits, layer, self._chart_doubt)

    def inserted(
        self, cells: TreeCells, forms: Forms, parent: Int[np.ndarray, " cells"]
    ) -> tuple[TreeCells, Int[np.ndarray, " children"]]:
        """The cells split by their next unit; the cell that each was part of.

        Args:
            cells: The cells.
            forms: Affine forms of the units of that layer, on the cells at which it
                began.
            parent: Which of these each cell is part of.
        """
        gradients, offsets, doubts = forms
        unit = cells.unit
        column = unit - self._first[self.layer_of(unit)]
        cells = dataclasses.replace(cells, unit=unit + 1)
        if not self._kinks[unit]:
            return cells, np.arange(len(cells))
        form = Form(gradients[parent, column], offsets[parent, column], doubts[parent])
        return self._insert(cells, form.rescaled(), unit)

    def _insert(
        self, cells: TreeCells, form: Form, unit: int
    ) -> tuple[TreeCells, Int[np.ndarray, " children"]]:
        """Split cells by one unit; each child's parent."""
        # First test: the box around the cell lies on one side.
        side = form.side_of_box(cells.low, cells.high)
        if self._round is not None:
            side = np.where(side == 0, self._round.side(form), side)
        cells.bits[:, unit] = side > 0
        asked = np.flatnonzero(side == 0)
        self.questions.note("bounds", len(cells) - len(asked))
        if not len(asked):
            return cells, np.arange(len(cells))
        part, form = cells.take(asked), form.take(asked)
        # Second: on which side is the witness, and has the other side a point?
        sign, flat = self.questions.signs_at_witnesses(part, form, unit)
        cells.bits[asked, unit] = are_on(sign)
        part.bits[:, unit] = are_on(sign)
        crossed, far = self._far_sides(part, form, sign, flat, unit)
        if not crossed.any():
            return cells, np.arange(len(cells))
        # A cell that is crossed becomes two: the near half takes its place, the far
        # half is appended.
        which = asked[crossed]
        far = far.take(crossed)
        near = self._near_sides(
            cells.take(which).with_table(far), form.take(crossed), sign[crossed], unit
        )
        # Room for one more row in every cell; only those that are split fill it.
        cells = cells.with_table(near).padded()
        _assign(cells, which, near)
        origin = np.concatenate([np.arange(len(cells)), which])
        return cells.joined(far.with_table(near)), origin

    def _far_sides(
        self,
        cells: TreeCells,
        form: Form,
        sign: Int[np.ndarray, " cells"],
        flat: Bool[np.ndarray, " cells"],
        unit: int,
    ) -> tuple[Bool[np.ndarray, " cells"], TreeCells]:
        """The parts of cells on the side of a unit where the witness is not."""
        far = _half(cells, form, -np.where(sign == 0, 1, sign), unit, self._facets)
        # Where the ball reaches over the boundary, a point behind it needs no program:
        # half-way between the boundary and the rim of the ball.
        distance = form.distance(cells.center)
        inside = (distance < 0.9 * cells.radius) & (sign != 0)
        step = np.where(inside, 0.5 * (cells.radius + distance), 0.0)
        hint = cells.center - (sign * step / form.norm())[:, None] * form.gradient
        guess = np.where(inside[:, None], hint, np.nan)
        hint_radius = np.where(inside, 0.5 * (cells.radius - distance), 0.0)
        # A unit that vanishes all over a cell has no sides.
        asked = ~((sign == 0) & flat)
        return self.questions.find_points(far, guess, hint_radius, cells.radius, asked)

    def _near_sides(
        self,
        cells: TreeCells,
        form: Form,
        sign: Int[np.ndarray, " cells"],
        unit: int,
    ) -> TreeCells:
        """The parts of cells on the side of a unit where the witness is."""
        near = _half(cells, form, np.where(sign == 0, 1, sign), unit, self._facets)
        # The witness stays; its ball ends at the new wall, if not before.
        distance = form.distance(cells.center)
        radius = np.minimum(cells.radius, distance)
        kept = sign != 0
        near = dataclasses.replace(near, radius=np.where(kept, radius, 0.0))
        lost = np.flatnonzero(~kept)
        if len(lost):
            part = near.take(lost)
            guess = np.full_like(part.center, np.nan)
            found, moved = self.questions.find_points(
                part, guess, part.radius, part.radius, np.ones(len(part), bool)
            )
            # The witness lay on the boundary inside the cell: both sides exist.
            assert found.all()
            _assign(near, lost, moved)
        shrunk = kept & (radius < RECENTER * cells.radius)
        return self.questions.recentered(near, np.flatnonzero(shrunk))

    @property
    def _facets(self) -> int:
        return self.questions.num_facets


def _chart_doubt(
    network: ReluNetwork, domain: BoundedDomain
) -> tuple[list[float], list[float]]:
    """Rounding of the rows and biases composed with a chart, underflow included."""
    rows, bias = chart_rounding(network, domain)
    for index, layer in enumerate(network.hidden):
        reads = any(m.any() for s, m in layer.blocks(index) if s == 0)
        if reads and not domain.is_chart_identity:
            rows[index] += CHART_UNDERFLOW
    return rows, bias


def _half(
    cells: TreeCells, form: Form, side: np.ndarray, unit: int, facets: int
) -> TreeCells:
    """The part of each cell where the unit has sign `side`."""
    a, b = -side[:, None] * form.gradient, side * form.offset
    half = cells.with_rows(a, b, form.doubt, facets + unit)
    low, high = tightened(cells.low, cells.high, a, b, form.doubt)
    bits = cells.bits.copy()
    bits[:, unit] = side > 0
    return dataclasses.replace(
        half, bits=bits, low=low, high=high, share=0.5 * cells.share
    )


def _assign(cells: TreeCells, index: np.ndarray, values: TreeCells) -> None:
    """Overwrite some of the cells, in place."""
    for field in dataclasses.fields(TreeCells):
        if field.name not in SHARED:
            getattr(cells, field.name)[index] = getattr(values, field.name)


def _root(domain: BoundedDomain, units: int) -> TreeCells:
    """The domain as one cell."""
    A, b = domain.rows()
    form, size = Form(A, -b, np.zeros(len(b))), np.abs(A).max(axis=1)
    if size.max() > MODERATE or size.min() < 1.0 / MODERATE:
        form = form.rescaled()
    A, b, doubt = form.gradient, -form.offset, form.doubt
    box, inside = domain.chart_box(), domain.inside()
    center = np.array([nearest_float(v) for v in inside])
    radius = form.distance(center).min()
    exact = np.full(1, None, object)
    if not prove_witness_batch(A[None], b[None], center[None], doubt[None])[0]:
        exact[0] = inside
    return TreeCells(
        unit=0,
        A=np.concatenate([np.zeros((1, domain.dim)), A]),
        b=np.concatenate([[1.0], b]),
        doubt=np.concatenate([[0.0], doubt]),
        ids=np.arange(NO_ROW, len(b), dtype=np.int32),
        rows=np.arange(1, len(b) + 1, dtype=np.int32)[None],
        bits=np.zeros((1, units), bool),
        low=box.lower[None].copy(),
        high=box.upper[None].copy(),
        center=center[None],
        radius=np.array([radius]),
        exact=exact,
        share=np.ones(1),
    )
