"""The columns of a file of regions: written from arrays, read back and checked."""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, UInt8

_WIDE = 16
"""Beyond this dimension the witnesses make one list column."""


def pattern_column(patterns: UInt8[np.ndarray, "regions bytes"]) -> pa.Array:
    """Patterns as fixed-size binary; Parquet has none of size 0."""
    if patterns.shape[1] == 0:
        patterns = np.zeros((len(patterns), 1), np.uint8)
    data = pa.py_buffer(np.ascontiguousarray(patterns).tobytes())
    kind = pa.binary(patterns.shape[1])
    return pa.Array.from_buffers(kind, len(patterns), [None, data])


def coordinate_columns(
    coordinates: Float64[np.ndarray, "regions dim"],
) -> dict[str, pa.Array]:
    """Witnesses, one column per coordinate or one list column."""
    dim = coordinates.shape[1]
    if dim > _WIDE:
        return {"t": pa.FixedSizeListArray.from_arrays(coordinates.ravel(), dim)}
    return {f"t{k}": pa.array(coordinates[:, k]) for k in range(dim)}


def exact_column(
    count: int, exact: Mapping[int, tuple[Fraction, ...]]
) -> list[str | None]:
    """Exact witnesses as JSON text, by region."""
    column: list[str | None] = [None] * count
    for region, point in exact.items():
        column[region] = json.dumps([str(Fraction(v)) for v in point])
    return column


def read_patterns(table: pa.Table, num_bits: int) -> UInt8[np.ndarray, "_ bytes"]:
    """The packed patterns, of the width that the network's units need."""
    width, column = (num_bits + 7) // 8, table.column("pattern")
    if column.type != pa.binary(max(width, 1)):
        raise ValueError(
            f"`pattern` has type {column.type}, {max(width, 1)} bytes are required"
        )
    if column.null_count:
        raise ValueError("`pattern` has missing values")
    joined = b"".join(column.to_pylist())
    packed = np.frombuffer(joined, np.uint8).reshape(table.num_rows, max(width, 1))
    return packed[:, :width].copy()


def read_coordinates(table: pa.Table, dim: int) -> Float64[np.ndarray, "_ dim"]:
    """The witnesses in chart coordinates, finite."""
    if dim > _WIDE:
        column = table.column("t").combine_chunks()
        if column.type.list_size != dim or column.null_count:
            raise ValueError(f"`t` has type {column.type}, lists of {dim} are required")
        columns = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
    else:
        parts = [table.column(f"t{k}") for k in range(dim)]
        if any(p.type != pa.float64() or p.null_count for p in parts):
            raise ValueError("`t0, t1, ...` must be float64 without missing values")
        columns = np.stack([p.to_numpy() for p in parts], 1)
    points = np.array(columns, np.float64).reshape(table.num_rows, dim)
    if not np.isfinite(points).all():
        raise ValueError("a witness is not finite")
    return points


def read_exact(column: list[Any], dim: int) -> dict[int, tuple[Fraction, ...]]:
    """The exact witnesses, by region."""
    exact = {}
    for region, text in enumerate(column):
        if text is None:
            continue
        entries = json.loads(text)
        if not isinstance(entries, list) or len(entries) != dim:
            raise ValueError(f"the exact witness of region {region} is not a point")
        try:
            exact[region] = tuple(Fraction(str(entry)) for entry in entries)
        except ZeroDivisionError as error:
            raise ValueError(
                f"the exact witness of region {region} divides by zero"
            ) from error
    return exact
