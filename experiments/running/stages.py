"""Stages of a run, whose numbers are kept: a resumed run does not repeat them."""

import pathlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from regions.files.writing import read_arrays, write_arrays


def stored(
    path: pathlib.Path, compute: Callable[[], Mapping[str, ArrayLike]]
) -> dict[str, np.ndarray]:
    """The named arrays in `path`, computed and written first if they are not there.

    Args:
        path: An `.npz` file of one stage, in a run folder: the folder is tied to one
            configuration, so the file is too.
        compute: Gives the arrays; what it gives twice must be equal.
    """
    if not path.is_file():
        arrays = {name: np.asarray(values) for name, values in compute().items()}
        write_arrays(path, **arrays)
    return read_arrays(path)
