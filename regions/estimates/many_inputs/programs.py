"""Programs of cells of many inputs: deep points or multipliers, both hints."""

import dataclasses
import importlib

import numpy as np

from regions.compiled import mode
from regions.estimates.many_inputs.cells import ImageCells
from regions.estimates.many_inputs.image import Image


def deep_points(
    image: Image, cells: ImageCells, cap: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, ImageCells]:
    """Points of the box, their depths, multipliers of the rows, and the bases.

    Args:
        image: The image that the rows speak of.
        cells: Rows, and the bases to begin at.
        cap: Depth at most.
    """
    right = cells.h - cells.G @ image.m
    basics, tight = cells.basics.astype(np.int32), cells.tight.copy()
    at_upper = cells.at_upper.copy()
    points = np.tile(image.box.lower, (len(cells), 1))
    depths, duals = np.empty(len(cells)), np.empty(cells.h.shape)
    kernel = importlib.import_module("regions.estimates.many_inputs.dual_simplex")
    function = kernel.deep_points
    if mode() == "off":
        function = function.py_func
    function(
        np.ascontiguousarray(cells.G),
        right,
        np.ascontiguousarray(cells.lengths),
        image.M,
        image.box.lower,
        image.box.upper,
        cap,
        basics,
        tight,
        at_upper,
        points,
        depths,
        duals,
    )
    kept = dataclasses.replace(cells, basics=basics, tight=tight, at_upper=at_upper)
    return points, depths, duals, kept
