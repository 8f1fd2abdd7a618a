"""Programs of cells of many inputs: deep points or multipliers, both hints."""

import dataclasses
import importlib

import numpy as np

from regions.compiled import mode
from regions.estimates.many_inputs.cells import ImageCells
from regions.estimates.many_inputs.image import Image

DEEP_ENOUGH = 0.4
"""Share of the depth that may be possible with which a program ends early."""


def deep_points(
    image: Image, cells: ImageCells, cap: float, enough: float = DEEP_ENOUGH
) -> tuple[np.ndarray, np.ndarray, np.ndarray, ImageCells]:
    """Points of the box, their depths, multipliers of the rows, and the bases.

    Args:
        image: The image that the rows speak of.
        cells: Rows, and the bases to begin at.
        cap: Depth at most.
        enough: A point of this share of the depth that may be possible ends a program;
            2 has it go on to the end.
    """
    right = cells.h - cells.G @ image.m
    # Of one kind each, so that one compiled form serves all calls.
    basics, tight = np.array(cells.basics, np.int32, order="C"), cells.tight.copy()
    at_upper = cells.at_upper.copy()
    points = np.tile(image.box.lower, (len(cells), 1))
    depths, duals = np.empty(len(cells)), np.empty(cells.h.shape)
    kernel = importlib.import_module("regions.estimates.many_inputs.dual_simplex")
    function = kernel.deep_points
    if mode() == "off":
        function = function.py_func
    function(
        np.array(cells.G, order="C"),
        right,
        np.array(cells.lengths, order="C"),
        np.array(image.M, order="C"),
        np.array(image.box.lower),
        np.array(image.box.upper),
        cap,
        enough,
        basics,
        tight,
        at_upper,
        points,
        depths,
        duals,
    )
    kept = dataclasses.replace(cells, basics=basics, tight=tight, at_upper=at_upper)
    return points, depths, duals, kept


def deep_points_by_solver(
    image: Image, cells: ImageCells, cap: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same by HiGHS, one program after another, without a basis: slow, and sure.

    NaN where it gives up too.
    """
    # Loading SciPy's optimizers takes longer than most programs here.
    from scipy.optimize import linprog

    right = cells.h - cells.G @ image.m
    box = np.stack([image.box.lower, image.box.upper], axis=1).tolist()
    dim = image.M.shape[1]
    points = np.full((len(cells), dim), np.nan)
    depths, duals = np.zeros(len(cells)), np.zeros(cells.h.shape)
    for k in range(len(cells)):
        used = np.flatnonzero(cells.lengths[k] > 0.0)
        lengths = cells.lengths[k, used]
        rows = cells.G[k, used] @ image.M / lengths[:, None]
        answer = linprog(
            np.append(np.zeros(dim), -1.0),
            A_ub=np.column_stack([rows, np.ones(len(used))]),
            b_ub=right[k, used] / lengths,
            bounds=[*box, (None, cap)],
            method="highs",
        )
        if answer.status == 0:
            points[k] = np.clip(answer.x[:-1], image.box.lower, image.box.upper)
            depths[k] = answer.x[-1]
            duals[k, used] = -answer.ineqlin.marginals / lengths
    return points, depths, duals
