"""The columns of a file of regions: written from arrays, read back and checked."""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, UInt8

from regions.files.rationals import fraction_text, read_fraction

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
        column[region] = json.dumps([fraction_text(Fraction(v)) for v in point])
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
    packed = np.empty((table.num_rows, width), np.uint8)
    start = 0
    for part in column.chunks:
        size, buffer = column.type.byte_width, part.buffers()[1]
        if len(part):
            flat = np.frombuffer(buffer, np.uint8, len(part) * size, part.offset * size)
            packed[start : start + len(part)] = flat.reshape(-1, size)[:, :width]
        start += len(part)
    return packed


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
        columns = np.empty((table.num_rows, dim))
        for axis, part in enumerate(parts):
            columns[:, axis] = part.to_numpy()
    points = np.asarray(columns, np.float64).reshape(table.num_rows, dim)
    if not np.isfinite(points).all():
        raise ValueError("a witness is not finite")
    return points


def read_exact_text(table: pa.Table, max_bytes: int) -> list[str | None]:
    """Exact witnesses as they are written, one entry a region.

    A file can hold a long text once and name it for every region, so that the texts
    are counted before they are unfolded.
    """
    column = table.column("exact_witness").combine_chunks()
    if not pa.types.is_dictionary(column.type) or not pa.types.is_string(
        column.type.value_type
    ):
        raise ValueError(f"`exact_witness` has type {column.type}, texts are required")
    texts = column.dictionary.to_pylist()
    index = column.indices.to_pylist()
    lengths = [0 if text is None else len(text) for text in texts]
    if sum(lengths[k] for k in index if k is not None) > max_bytes:
        raise ValueError(f"exact witnesses of more than {max_bytes} bytes")
    return [None if k is None else texts[k] for k in index]


def read_exact(column: list[Any], dim: int) -> dict[int, tuple[Fraction, ...]]:
    """The exact witnesses, by region."""
    exact = {}
    for region, text in enumerate(column):
        if text is None:
            continue
        try:
            entries = json.loads(text)
            if not isinstance(entries, list) or len(entries) != dim:
                raise ValueError("it is not a point")
            exact[region] = tuple(map(read_fraction, entries))
        except (ValueError, ZeroDivisionError, RecursionError) as error:
            raise ValueError(
                f"the exact witness of region {region} cannot be read ({error})"
            ) from error
    return exact
