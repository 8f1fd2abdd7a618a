"""The tree on a ball of the norm 2 with many inputs: nearest points in the rows' space.

A cell is what its rows leave of the ball. The point of the rows nearest to the center
says whether they leave anything: it is a combination of the rows, found in as many
dimensions as these span, however many inputs there are (`lp.least_distance`, whose
weights are hints here). Moved inward, the rows give a point of the ball strictly inside
them, which is proved with every rounding; the weights themselves prove that no point of
the ball is left. Where neither is proved, a cell goes on as one of the box around the
ball, and whether its regions meet the ball is decided in rationals in the end.
"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.ball import Ball
from regions.domains.domain_vectors import difference, fractions
from regions.domains.shapes import Box
from regions.enumeration.balls.meeting import BallTest
from regions.enumeration.tree.unit_form import Form
from regions.errors import UndecidedError
from regions.estimates.many_inputs.cells import ImageCells, assign
from regions.estimates.many_inputs.image import Image, image_of
from regions.estimates.many_inputs.questions import UNDERFLOW, ImageQuestions
from regions.estimates.many_inputs.search import ImageTree
from regions.lp.least_distance import nearest_weights
from regions.network import ReluNetwork
from regions.signs.exact import to_fmpq
from regions.signs.rounding import SAFETY, gamma, is_certain

DEPTHS = (0.1, 0.01, 1e-3, 1e-5, 1e-8)
"""Depths of a point in a cell that are tried, in radii."""

TILT = 0.1
"""How far the first point is from the center, in radii: boundaries of networks without
biases meet in no such point."""


class BallQuestions(ImageQuestions):
    """Answers for the image of a ball.

    Args:
        image: The image of the box around the ball.
        ball: The ball.
    """

    def __init__(self, image: Image, ball: Ball):
        super().__init__(image)
        self.ball = ball
        self._middle = image.of(ball.center[None])[0]
        # With M = L Q, Q of orthonormal rows, distances in x are those in Q x.
        Q, R = np.linalg.qr(image.M.T)
        self._Q, self._L = Q, R.T

    def sides(self, cells: ImageCells, form: Form) -> Int[np.ndarray, " cells"]:
        """1 or -1 where a unit has that sign on what a cell has of the ball, else 0."""
        side = super().sides(cells, form)
        g, h, doubt = form.gradient, form.offset, form.doubt
        above, below = self._beyond(g, -h, doubt), self._beyond(-g, h, doubt)
        return np.where(side != 0, side, np.where(above, 1, np.where(below, -1, 0)))

    def hold(
        self,
        cells: ImageCells,
        x: Float64[np.ndarray, "cells dim"],
        z: Float64[np.ndarray, "cells width"],
    ) -> Bool[np.ndarray, " cells"]:
        """Whether points are proved to be in the ball and strictly inside all rows."""
        return self.are_in_ball(x) & self.are_inside(cells, z)

    def are_in_ball(
        self, x: Float64[np.ndarray, "points dim"]
    ) -> Bool[np.ndarray, " points"]:
        """Which points are proved to lie in the open ball."""
        shares = (x - self.ball.center) / self.ball.radius
        size = (shares * shares).sum(1)
        # The difference and the quotient round once each, and count twice in a square.
        return is_certain(1.0 - size, SAFETY * gamma(x.shape[1] + 8) * (1.0 + size))

    def find_points(
        self, cells: ImageCells, deep: float
    ) -> tuple[Bool[np.ndarray, " cells"], ImageCells]:
        """Which cells may meet the ball, and those with a point in each.

        The point is one of the ball, but where neither that nor the contrary is proved.
        """
        rows = cells.G @ self._L
        right = cells.h - cells.G @ self._middle
        every = np.arange(len(cells))
        _, weights = self._nearest(cells, every, rows, right, 0.0)
        empty = self._are_beyond(cells, weights)
        cells, found = cells.take(every), np.zeros(len(cells), bool)
        for depth in DEPTHS:
            left = np.flatnonzero(~found & ~empty)
            if not len(left):
                break
            x, _ = self._nearest(cells, left, rows, right, depth)
            z = self.image.of(x)
            held = self.hold(cells.take(left), x, z)
            hit = left[held]
            found[hit] = True
            cells.x[hit], cells.z[hit], cells.exact[hit] = x[held], z[held], None
            cells.radius[hit] = depth * self.ball.radius
        self.counts["nearest"] += int(found.sum())
        self.counts["beyond"] += int(empty.sum())
        for k in np.flatnonzero(~found & ~empty).tolist():
            one = np.array([k])
            try:
                found[one], points = super().find_points(cells.take(one), deep)
            except UndecidedError:
                # It goes on, with a point that is taken for none of the ball.
                found[k], point = True, [to_fmpq(v) for v in cells.x[k].tolist()]
                cells.exact[k] = tuple(self.image.exactly(point))
                self.counts["open"] += 1
            else:
                assign(cells, one, points)
        return found, cells

    def deeper(self, cells: ImageCells, deep: float) -> ImageCells:
        """The cells as they are: their points are of the ball, and serve."""
        del deep
        return cells

    def _nearest(
        self,
        cells: ImageCells,
        which: Int[np.ndarray, " some"],
        rows: Float64[np.ndarray, "cells rows width"],
        right: Float64[np.ndarray, "cells rows"],
        depth: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points nearest to the center so deep inside rows, and the rows' weights."""
        points = np.empty((len(which), self.image.M.shape[1]))
        weights = np.zeros((len(which), right.shape[1]))
        radius = self.ball.radius
        for place, k in enumerate(which.tolist()):
            lengths = np.linalg.norm(rows[k], axis=1)
            used = np.flatnonzero((cells.lengths[k] > 0.0) & (lengths > 0.0))
            A = rows[k, used] / lengths[used, None]
            b = right[k, used] / (lengths[used] * radius) - depth
            u = nearest_weights(A, b)
            weights[place, used] = u / lengths[used]
            step = -radius * (u @ A) / (1.0 + u @ b)
            points[place] = self.ball.center + self._Q @ step
        inside = np.where(np.isfinite(points), points, self.ball.center)
        return np.clip(inside, self.image.box.lower, self.image.box.upper), weights

    def _are_beyond(
        self, cells: ImageCells, weights: Float64[np.ndarray, "cells rows"]
    ) -> Bool[np.ndarray, " cells"]:
        """Whether multipliers of rows prove that no point of the ball is in a cell."""
        y = np.where(weights > 0.0, weights, 0.0)
        y = y / np.maximum(y.max(1, keepdims=True), 1e-300)
        folded, size = (
            np.einsum("cr,crk->ck", y, G) for G in (cells.G, np.abs(cells.G))
        )
        h, doubt = (y * cells.h).sum(1), (y * cells.doubt).sum(1)
        sizes = size, (y * np.abs(cells.h)).sum(1)
        return y.any(1) & self._beyond(folded, h, doubt, sizes, cells.G.shape[1])

    def _beyond(
        self,
        g: Float64[np.ndarray, "cells width"],
        h: Float64[np.ndarray, " cells"],
        doubt: Float64[np.ndarray, " cells"],
        sizes: tuple[np.ndarray, np.ndarray] | None = None,
        rows: int = 1,
    ) -> Bool[np.ndarray, " cells"]:
        """Whether it is proved that no point of the ball has `g z <= h`.

        Args:
            g: Gradients.
            h: Right-hand sides.
            doubt: Bound of the rounding of each, as of a row.
            sizes: Sums of absolute values from which both were added up.
            rows: How many rows were.
        """
        size, right = (np.abs(g), np.abs(h)) if sizes is None else sizes
        image = self.image
        reach = self.ball.radius * np.linalg.norm(g @ image.M, axis=1)
        # The value at the center, and what the ball can add to it at most; none of it
        # is larger than what the box around the ball can.
        value = h - g @ self._middle + reach
        total = size @ image.size + right
        terms = sum(image.M.shape) + rows + 16
        lost = doubt * (image.size.max() + 1.0)
        margin = SAFETY * (4.0 * gamma(terms) * total + 2.0 * lost) + UNDERFLOW
        return is_certain(-value, margin)


class BallTree(ImageTree):
    """The tree of a ball of the norm 2.

    Args:
        image: The image of the box around the ball.
        network: The network, of which `image` has a form.
        ball: The ball.
    """

    def __init__(self, image: Image, network: ReluNetwork, ball: Ball):
        questions = BallQuestions(image, ball)
        super().__init__(image, questions)
        self._are_in_ball = questions.are_in_ball
        self._ball, self._test = ball, BallTest(network, ball)
        self.root = self._inside(self.root)

    @property
    def counts_all(self) -> bool:
        """Whether every cell holds a region that counts."""
        return False

    def counted(self, cells: ImageCells) -> Bool[np.ndarray, " cells"]:
        """Which cells of all units meet the ball."""
        rational = np.array([exact is not None for exact in cells.exact], bool)
        counted = self._are_in_ball(cells.x) & ~rational
        center = fractions(self._ball.center)
        for k in np.flatnonzero(~counted).tolist():
            near = difference(fractions(cells.x[k]), center)
            counted[k] = self._test.point(cells.bits[k, self._kinks], near) is not None
        return counted

    def _inside(self, root: ImageCells) -> ImageCells:
        """The root with a point and a box of the ball, and not of the box around it."""
        image, ball = self.image, self._ball
        turn = np.sin(np.arange(1.0, ball.dim + 1.0))
        x = ball.center + TILT * ball.radius * turn / np.linalg.norm(turn)
        middle = image.of(ball.center[None])[0]
        reach = ball.radius * np.linalg.norm(image.M, axis=1) + 8.0 * image.error
        return dataclasses.replace(
            root,
            low=(middle - reach)[None],
            high=(middle + reach)[None],
            x=x[None],
            z=image.of(x[None]),
            radius=np.array([0.5 * ball.radius]),
        )


def image_of_ball(network: ReluNetwork, ball: Ball) -> Image | None:
    """The image of a box around the ball; None where the tree in the inputs serves."""
    with np.errstate(over="ignore"):
        low = np.nextafter(ball.center - ball.radius, -np.inf)
        high = np.nextafter(ball.center + ball.radius, np.inf)
    if not np.isfinite([low, high]).all():
        return None
    return image_of(network, Box(low, high))
