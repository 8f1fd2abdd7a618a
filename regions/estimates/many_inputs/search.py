"""The tree on a domain of many inputs: cells of its image, split unit by unit."""

import dataclasses
import math

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.enumeration.tree.cells import NO_ROW, tightened
from regions.enumeration.tree.unit_form import Form
from regions.estimates.guesses import RegionGuess
from regions.estimates.many_inputs.cells import SUM_ROW, ImageCells, assign
from regions.estimates.many_inputs.image import Image, alive, folding
from regions.estimates.many_inputs.questions import ImageQuestions
from regions.signs.layer_forms import layer_forms
from regions.signs.rounding import are_on

RECENTER = 0.1
"""A child whose ball shrinks below this share of its parent's gets a new ball."""

NOTHING = 1e-14
"""Squares of lengths below this part of what they could be are rounding, perhaps."""

STRIDES = (1.0, 3.0)
"""Steps over a boundary that are tried before a program, in depths of the cell."""

Forms = tuple[np.ndarray, np.ndarray, np.ndarray]


class ImageTree:
    """The tree of one image, as `regions.enumeration.tree.search.Tree` is of a domain.

    Attributes:
        root: The whole domain as one cell.
        counts: Decisions by the test that made them.
    """

    def __init__(self, image: Image, questions: ImageQuestions | None = None):
        self.image = image
        self.questions = questions or ImageQuestions(image)
        self.counts = self.questions.counts
        self._first = image.network.unit_starts
        self._kinks = image.network.kinks
        self._deep = float(np.linalg.norm(image.box.upper - image.box.lower))
        self.guess = RegionGuess(image.network, image.M.shape[1])
        self.root = _root(image, int(self._first[-1]))

    def layer_of(self, unit: int) -> int:
        """Index of the hidden layer of a unit; units are numbered through."""
        return int(np.searchsorted(self._first, unit, side="right") - 1)

    def forms(self, cells: ImageCells, layer: int) -> Forms:
        """Affine forms in z of the units of a layer on cells: `layer_forms`."""
        none = [0.0] * len(self.image.network.hidden)
        forms = layer_forms(self.image.network, cells.bits, layer, (none, none))
        if not self.image.folded:
            return forms
        signs = folding(cells.bits, len(self.image.m))
        return forms[0] * signs[:, None], forms[1], forms[2]

    def start(
        self, most: int, rng: np.random.Generator
    ) -> tuple[ImageCells, Float64[np.ndarray, " cells"], bool]:
        """Cells to begin with, logarithms of their weights, and whether some are left.

        Of a folded image these are orthants: all of them, or some whose chances follow
        the guess of their regions, spread evenly over the numbers of units that are on.
        """
        if not self.image.folded:
            return self.root, np.zeros(1), False
        width = len(self.image.m) - 1
        if 2**width <= most:
            index = np.arange(2**width)[:, None]
            signs = (index >> np.arange(width)) & 1 > 0
            return self._orthants(signs), np.zeros(len(signs)), False
        some = np.tri(width + 1, width, -1, dtype=bool)
        units = self.root.bits.shape[1]
        padded = np.concatenate(
            [some, np.zeros((width + 1, units - width), bool)], axis=1
        )
        log_guess = self.guess.log_sizes(padded, width)
        logs = log_guess + [math.log(math.comb(width, k)) for k in range(width + 1)]
        chances = np.exp(logs - logs.max())
        places = (np.arange(most) + rng.random()) / most * chances.sum()
        on = np.minimum(np.searchsorted(np.cumsum(chances), places), width)
        signs = rng.permuted(some[on], axis=1)
        total = logs.max() + math.log(chances.sum() / most)
        return self._orthants(signs), total - log_guess[on], True

    def log_sizes(
        self, cells: ImageCells, forms: Forms, parent: Int[np.ndarray, " cells"]
    ) -> Float64[np.ndarray, " cells"]:
        """Logarithms of guesses of how many regions cells hold in the end."""
        return self.guess.of_cells(cells, forms, parent)

    @property
    def counts_all(self) -> bool:
        """Whether every cell holds a region that counts."""
        return True

    def counted(self, cells: ImageCells) -> Bool[np.ndarray, " cells"]:
        """Which cells of all units count."""
        return np.ones(len(cells), bool)

    def _orthants(self, signs: Bool[np.ndarray, "cells width"]) -> ImageCells:
        """The cells of the first layer with these signs."""
        count, width = signs.shape
        cells = self.root.take(np.zeros(count, np.int64))
        cells.bits[:, :width] = signs
        cells.G[:, 0] = np.where(alive(self.image, signs), -1.0, 0.0)
        return dataclasses.replace(cells, unit=width)

    def inserted(
        self, cells: ImageCells, forms: Forms, parent: Int[np.ndarray, " cells"]
    ) -> tuple[ImageCells, Int[np.ndarray, " children"]]:
        """The cells split by their next unit; the cell that each was part of."""
        gradients, offsets, doubts = forms
        unit = cells.unit
        column = unit - self._first[self.layer_of(unit)]
        cells = dataclasses.replace(cells, unit=unit + 1)
        if not self._kinks[unit]:
            return cells, np.arange(len(cells))
        form = Form(gradients[parent, column], offsets[parent, column], doubts[parent])
        return self._insert(cells, form.rescaled(), unit)

    def _insert(
        self, cells: ImageCells, form: Form, unit: int
    ) -> tuple[ImageCells, Int[np.ndarray, " children"]]:
        """Split cells by one unit; each child's parent."""
        side = self.questions.sides(cells, form)
        cells.bits[:, unit] = side > 0
        asked = np.flatnonzero(side == 0)
        self.counts["bounds"] += len(cells) - len(asked)
        if not len(asked):
            return cells, np.arange(len(cells))
        part, form = cells.take(asked), form.take(asked)
        lengths = self._lengths(form)
        sign, flat = self.questions.signs_at_witnesses(part, form, unit)
        # A unit that vanishes all over a cell has no sides.
        open_ = ~(flat & (sign == 0))
        near = self._half(part, form, np.where(sign == 0, 1, sign), lengths, unit)
        exists, near = self._near_points(near, form, sign, lengths, open_)
        far = self._half(part, form, np.where(sign == 0, -1, -sign), lengths, unit)
        crossed, far = self._far_points(part, far, form, sign, lengths, open_)
        # A witness on a facet of the box may lie on a unit that only touches there.
        cells.bits[asked, unit] = np.where(sign == 0, exists & ~crossed, are_on(sign))
        crossed &= exists
        if not crossed.any():
            return cells, np.arange(len(cells))
        which = asked[crossed]
        nothing, zero = np.full(len(cells), NO_ROW), np.zeros(len(cells))
        cells = cells.with_row(np.zeros_like(cells.low), zero, zero, zero, nothing)
        near = self._recentered(near.take(crossed), part.radius[crossed])
        assign(cells, which, near)
        origin = np.concatenate([np.arange(len(cells)), which])
        return cells.joined(far.take(crossed)), origin

    def _lengths(self, form: Form) -> Float64[np.ndarray, " cells"]:
        """Lengths of gradients in x, about; 0 where nothing may be left of one in x."""
        squares = ((form.gradient @ self.image.gram) * form.gradient).sum(1)
        most = (np.abs(form.gradient) @ np.sqrt(np.diag(self.image.gram))) ** 2
        return np.sqrt(np.where(squares > NOTHING * most, squares, 0.0))

    def _half(
        self,
        cells: ImageCells,
        form: Form,
        side: np.ndarray,
        lengths: Float64[np.ndarray, " cells"],
        unit: int,
    ) -> ImageCells:
        """The part of each cell where the unit has sign `side`."""
        g, h = -side[:, None] * form.gradient, side * form.offset
        half = cells.with_row(g, h, form.doubt, lengths, np.full(len(cells), unit))
        low, high = tightened(cells.low, cells.high, g, h, form.doubt)
        bits = cells.bits.copy()
        bits[:, unit] = side > 0
        return dataclasses.replace(half, bits=bits, low=low, high=high)

    def _far_points(
        self,
        cells: ImageCells,
        far: ImageCells,
        form: Form,
        sign: Int[np.ndarray, " cells"],
        lengths: Float64[np.ndarray, " cells"],
        asked: Bool[np.ndarray, " cells"],
    ) -> tuple[Bool[np.ndarray, " cells"], ImageCells]:
        """Which parts without the witness exist, and a point in each."""
        value = (form.gradient * cells.z).sum(1) + form.offset
        found = np.zeros(len(cells), bool)
        x, z, radius = cells.x.copy(), cells.z.copy(), np.zeros(len(cells))
        slope = form.gradient @ self.image.M
        distance = np.abs(value) / np.where(lengths > 0.0, lengths, np.inf)
        for stride in STRIDES:
            left = np.flatnonzero(asked & ~found & (sign != 0) & (lengths > 0.0))
            if not len(left):
                break
            step = distance[left] + 0.5 * stride * cells.radius[left]
            move = (sign[left] * step / lengths[left])[:, None] * slope[left]
            tried = np.clip(
                cells.x[left] - move, self.image.box.lower, self.image.box.upper
            )
            image = self.image.of(tried)
            some = far.take(left)
            inside = self.questions.hold(some, tried, image)
            hit = left[inside]
            found[hit], x[hit], z[hit] = True, tried[inside], image[inside]
            radius[hit] = _depths(some, image)[inside]
        self.counts["ball"] += int(found.sum())
        far = dataclasses.replace(
            far, x=x, z=z, radius=radius, exact=np.full(len(far), None, object)
        )
        left = np.flatnonzero(asked & ~found)
        if len(left):
            exist, points = self.questions.find_points(far.take(left), self._deep)
            found[left] = exist
            assign(far, left, points)
        shallow = np.where(found, cells.radius, 0.0)
        shallow[left] = 0.0
        return found, self._recentered(far, shallow)

    def _near_points(
        self,
        near: ImageCells,
        form: Form,
        sign: Int[np.ndarray, " cells"],
        lengths: Float64[np.ndarray, " cells"],
        asked: Bool[np.ndarray, " cells"],
    ) -> tuple[Bool[np.ndarray, " cells"], ImageCells]:
        """Which parts on the side of the witness exist, and a point in each.

        They do where the witness is strictly on that side.
        """
        value = np.abs((form.gradient * near.z).sum(1) + form.offset)
        distance = value / np.where(lengths > 0.0, lengths, np.inf)
        near = dataclasses.replace(near, radius=np.minimum(near.radius, distance))
        exists = sign != 0
        lost = np.flatnonzero(~exists & asked)
        if len(lost):
            exists[lost], points = self.questions.find_points(
                near.take(lost), self._deep
            )
            assign(near, lost, points)
        return exists, near

    def _recentered(
        self, cells: ImageCells, before: Float64[np.ndarray, " cells"]
    ) -> ImageCells:
        """The cells with deeper points where theirs are much less deep than before."""
        which = np.flatnonzero(cells.radius < RECENTER * before)
        if len(which):
            assign(cells, which, self.questions.deeper(cells.take(which), self._deep))
        return cells


def _depths(
    cells: ImageCells, z: Float64[np.ndarray, "cells width"]
) -> Float64[np.ndarray, " cells"]:
    """Smallest distance of points from the rows, in x."""
    slack = cells.h - np.einsum("crk,ck->cr", cells.G, z)
    real = cells.lengths > 0.0
    depth = np.where(real, slack / np.where(real, cells.lengths, 1.0), np.inf)
    return depth.min(1)


def _root(image: Image, units: int) -> ImageCells:
    """The domain as one cell without rows."""
    width, dim = image.M.shape
    low, high = image.bounds()
    # No symmetric point: it would lie on boundaries of networks without biases.
    share = 0.5 + 0.25 * np.sin(np.arange(1.0, dim + 1.0))
    x = (1.0 - share) * image.box.lower + share * image.box.upper
    x = np.clip(x, image.box.lower, image.box.upper)[None]
    rows = (np.zeros((1, 1, width)), np.ones((1, 1)), np.zeros((1, 1)), NO_ROW)
    if image.folded:
        # A cube of many sides: its middle is far beyond where the sum is 1/2.
        rows = (
            np.full((1, 1, width), -1.0),
            np.full((1, 1), -0.5),
            np.full((1, 1), math.sqrt(width)),
            SUM_ROW,
        )
    return ImageCells(
        unit=0,
        bits=np.zeros((1, units), bool),
        G=rows[0],
        h=rows[1],
        doubt=np.zeros((1, 1)),
        lengths=rows[2],
        ids=np.full((1, 1), rows[3], np.int32),
        low=low[None],
        high=high[None],
        x=x,
        z=image.of(x),
        radius=np.array([0.5 * float((image.box.upper - image.box.lower).min())]),
        exact=np.full(1, None, object),
        basics=np.full((1, 1), -1, np.int32),
        tight=np.zeros((1, 1), bool),
        at_upper=np.zeros((1, dim), bool),
    )
