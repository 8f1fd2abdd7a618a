"""Polygons of a run in a file: the corners of all, and how many each has."""

import pathlib

import numpy as np
from jaxtyping import Float64

from regions.files.writing import read_arrays, write_arrays


def write_polygons(path: pathlib.Path, polygons: list[np.ndarray]) -> None:
    """Write polygons as one array of corners and the lengths."""
    lengths = np.array([len(polygon) for polygon in polygons], np.int64)
    write_arrays(path, corners=np.concatenate(polygons), lengths=lengths)


def read_polygons(path: pathlib.Path) -> list[Float64[np.ndarray, "_ 2"]]:
    """What `write_polygons` wrote."""
    arrays = read_arrays(path)
    return np.split(arrays["corners"], np.cumsum(arrays["lengths"])[:-1])
