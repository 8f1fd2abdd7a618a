"""Networks in `.nnet` files, the text format of the ACAS Xu networks.

After comments come sizes, bounds of the inputs, means and ranges, then each layer's
weights, one row a line, and its biases. Hidden layers are ReLU. The file means inputs
and outputs in their own units: `(x - mean) / range` goes in, and what comes out is
multiplied by the last range and moved by the last mean. That is read, too, as layers
of slope 1; factors that are no power of two are rounded to float64 once. Numbers are
decimal, and float64 takes the nearest.
"""

import itertools
import math
import pathlib
from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from regions.errors import FileFormatError, tell
from regions.files.reading import check_file_size, reading
from regions.io.graph import GraphBuilder
from regions.network import ReluNetwork

_WHAT, _ADVICE = "a .nnet file", "write it again"
_MAX_LAYERS = 100_000


def load_nnet(path: pathlib.Path, *, max_bytes: int) -> ReluNetwork:
    """The network in a `.nnet` file.

    Raises:
        FileFormatError: If the file is damaged, or holds fewer or more numbers than
            it declares.
    """
    with reading(path, _WHAT, _ADVICE):
        check_file_size(path, max_bytes)
        lines = _lines(path, max_bytes)
        layers, inputs, outputs = _integers(_next(lines), 3)
        if not 0 < layers <= _MAX_LAYERS:
            raise ValueError(f"it declares {layers} layers")
        sizes = _integers(_next(lines), layers + 1)
        if min(sizes) < 1 or (sizes[0], sizes[-1]) != (inputs, outputs):
            raise ValueError(f"sizes {sizes[:8]} do not fit {inputs} and {outputs}")
        builder = GraphBuilder([inputs], name=str(path), max_bytes=max_bytes)
        builder.reserve(32 * sum(a * b for a, b in itertools.pairwise(sizes)))
        _next(lines)  # a flag that is no longer used
        for _ in range(2):
            _next(lines)  # bounds of the inputs
        means, ranges = (_numbers(_next(lines), inputs + 1) for _ in range(2))
        if not np.all(ranges):
            raise ValueError("a range is 0")
        x = builder.input
        if means[:-1].any() or np.any(ranges[:-1] != 1.0):
            x = builder.scale(builder.shift(x, -means[:-1]), 1.0 / ranges[:-1])
        for index in range(layers):
            units = range(sizes[index + 1])
            weight = np.stack([_numbers(_next(lines), sizes[index]) for _ in units])
            bias = np.concatenate([_numbers(_next(lines), 1) for _ in units])
            x = builder.affine(x, sp.csr_array(weight), bias)
            x = x if index == layers - 1 else builder.kink(x, 0.0)
        if (means[-1], ranges[-1]) != (0.0, 1.0):
            x = builder.scale(x, ranges[-1], means[-1])
        if next(lines, None) is not None:
            raise ValueError("numbers follow the last layer")
        network = builder.finish(x)
    tell(
        f"{path}: inputs and outputs are those before and after its scaling; that "
        "inputs beyond its bounds are cut to them is left out."
    )
    return network


def _next(lines: Iterator[str]) -> str:
    """The next line, which must be there."""
    line = next(lines, None)
    if line is None:
        raise ValueError("it ends before the last layer")
    return line


def _lines(path: pathlib.Path, max_bytes: int) -> Iterator[str]:
    """The lines that are no comments."""
    with path.open("rb") as file:
        longest = max(max_bytes // 8, 1 << 16)
        while line := file.readline(longest + 1):
            if len(line) > longest:
                raise FileFormatError(
                    f"{path} has a line of more than {longest} bytes: {_ADVICE}."
                )
            text = line.decode("utf-8").strip()
            if text and not text.startswith("//"):
                yield text


def _entries(line: str, count: int) -> list[str]:
    """The first entries of a line, which ends in a comma or not."""
    entries = [entry for entry in line.replace(",", " ").split() if entry]
    if len(entries) < count:
        raise ValueError(f"a line has {len(entries)} numbers where {count} are due")
    return entries[:count]


def _integers(line: str, count: int) -> list[int]:
    """The integers at the start of a line."""
    return [int(entry) for entry in _entries(line, count)]


def _numbers(line: str, count: int) -> np.ndarray:
    """The finite numbers at the start of a line."""
    found = [float(entry) for entry in _entries(line, count)]
    if not all(map(math.isfinite, found)):
        raise ValueError("a number is NaN or infinite")
    return np.array(found)
