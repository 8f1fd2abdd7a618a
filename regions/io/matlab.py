"""Networks in `.mat` files as NNV has them: cells `W` and `b`, names of activations.

Files of MATLAB's version 5 (and 6, 7), read with SciPy once their structure is known
to be bounded: every array, cell and field that is declared must be there. Version 7.3
is another format (HDF5).
"""

import io
import math
import pathlib
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.io
import scipy.sparse as sp

from regions.errors import FileFormatError, ImportNotice
from regions.io.graph import GraphBuilder
from regions.network import ReluNetwork
from regions.reading import check_file_size, check_size, reading

_WHAT, _ADVICE = "a .mat file with W and b", "save it again with save -v7"
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR, _DOUBLE, _UINT64 = 1, 2, 4, 6, 15
_DEPTH = 8

_NAMES = ("act_fcns", "activation_fcns", "activation_fns", "activations", "act")
_SLOPES = {"relu": 0.0, "poslin": 0.0, "linear": 1.0, "purelin": 1.0}
_FINAL = ("tanh", "tansig", "sigmoid", "logsig", "softmax")


def load_mat(path: pathlib.Path, *, max_bytes: int) -> ReluNetwork:
    """The network in a `.mat` file.

    Raises:
        FileFormatError: If the file is damaged, of version 7.3, or names an activation
            that is not piecewise affine.
    """
    with reading(path, _WHAT, _ADVICE):
        check_file_size(path, max_bytes)
        content = _plain(path, path.read_bytes(), max_bytes)
        found = _network_in(scipy.io.loadmat(io.BytesIO(content), mat_dtype=False))
        weights = [_real(f"W{{{k + 1}}}", w) for k, w in enumerate(_cells(found, "W"))]
        biases = [_real(f"b{{{k + 1}}}", b) for k, b in enumerate(_cells(found, "b"))]
        if not weights or len(weights) != len(biases):
            raise ValueError(f"it has {len(weights)} weights and {len(biases)} biases")
        names = _activations(path, found, len(weights))
        builder = GraphBuilder(
            [weights[0].shape[1]], name=str(path), max_bytes=max_bytes
        )
        builder.reserve(sum(32 * weight.size for weight in weights))
        x = builder.input
        for weight, bias, name in zip(weights, biases, names, strict=True):
            if weight.shape != (bias.size, x.size):
                raise ValueError(
                    f"a weight of shape {weight.shape} meets {x.size} units and "
                    f"{bias.size} biases"
                )
            x = builder.affine(x, sp.csr_array(weight), bias.ravel())
            if _SLOPES[name] != 1.0:
                x = builder.kink(x, _SLOPES[name])
        return builder.finish(x)


def _network_in(found: dict[str, Any]) -> dict[str, Any]:
    """The variables of the network: at the top, or in the one struct that has W."""
    if "W" in found:
        return found
    for value in found.values():
        names = value.dtype.names if isinstance(value, np.ndarray) else None
        if names and "W" in names and value.size == 1:
            return {name: value[name].flat[0] for name in names}
    there = sorted(name for name in found if not name.startswith("__"))
    raise ValueError(f"it holds {there[:8]} and cells W and b are required")


def _cells(found: dict[str, Any], name: str) -> list[Any]:
    """The entries of a cell, or of a matrix that stands for a cell of one."""
    value = found.get(name)
    if not isinstance(value, np.ndarray):
        raise ValueError(f"it has no cell {name}")
    return list(value.ravel(order="F")) if value.dtype == object else [value]


def _real(name: str, value: Any) -> np.ndarray:
    """A matrix of real numbers."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        raise ValueError(f"{name} is no matrix of real numbers")
    if value.ndim != 2 or not value.size:
        raise ValueError(f"{name} has shape {value.shape}")
    if value.dtype.itemsize == 8 and value.dtype.kind in "iu":
        raise ValueError(f"{name} holds {value.dtype}: save it as double")
    return value.astype(np.float64)


def _activations(path: pathlib.Path, found: dict[str, Any], layers: int) -> list[str]:
    """The activation of each layer; the one of the outputs is linear."""
    key = next((name for name in _NAMES if name in found), None)
    if key is None:
        _notice(f"{path} names no activations: ReLU is assumed, and linear outputs.")
        return ["relu"] * (layers - 1) + ["linear"]
    names = [str(text).strip().lower() for text in _texts(found[key])]
    if len(names) == layers - 1:
        names.append("linear")
    if len(names) == 1:
        names *= layers
    if len(names) != layers:
        raise ValueError(f"{key} names {len(names)} activations for {layers} layers")
    for place, name in enumerate(names, start=1):
        if name not in _SLOPES and not (place == layers and name in _FINAL):
            raise FileFormatError(
                f"{path}: the activation of layer {place} is {name!r}: it is not "
                "piecewise affine, or not one of those read here."
            )
    if names[-1] in _FINAL:
        _notice(
            f"{path}: the final {names[-1]} is left out: the network's outputs are its "
            "inputs."
        )
        names[-1] = "linear"
    return names


def _texts(value: Any) -> Iterator[Any]:
    """Names in a cell, or in the rows of a matrix of letters."""
    for entry in np.ravel(value):
        if isinstance(entry, np.ndarray):
            yield from _texts(entry)
        else:
            yield entry


def _notice(text: str) -> None:
    """Say what was assumed or left out."""
    warnings.warn(text, ImportNotice, stacklevel=5)


def _plain(path: pathlib.Path, content: bytes, max_bytes: int) -> bytes:
    """The file without compression, every part of it checked."""
    if content[:8] == b"\x89HDF\r\n\x1a\n" or b"MATLAB 7.3" in content[:116]:
        raise FileFormatError(
            f"{path} is of version 7.3 of MATLAB's format: {_ADVICE}."
        )
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        raise ValueError("its header is not that of version 5")
    parts, place, room = [content[:128]], 128, max_bytes
    while place < len(content):
        kind, end, start = _tag(content, place, order)
        size, body = end, content[start : start + end]
        if len(body) < size:
            raise ValueError("it ends within a variable")
        if kind == _COMPRESSED:
            inflated = zlib.decompressobj().decompress(body, room + 1)
            check_size(path, len(inflated), room)
            kind, size, begin = _tag(inflated, 0, order)
            body = inflated[begin : begin + size]
            if len(body) < size:
                raise ValueError("it ends within a variable")
        if kind != _MATRIX:
            raise ValueError(f"a variable has type {kind}")
        entries = _check_matrix(body, order, 0)
        room -= max(len(body), 8 * entries)
        check_size(path, max_bytes - room, max_bytes)
        parts += [struct.pack(f"{order}II", kind, size), body]
        place = start + end
    return b"".join(parts)


def _tag(content: bytes, place: int, order: str) -> tuple[int, int, int]:
    """Type, size and start of the element at a place."""
    kind, size = struct.unpack_from(f"{order}II", content, place)
    if kind >> 16:  # a small element, its size beside its type and within its tag
        return kind & 0xFFFF, kind >> 16, place + 4
    return kind, size, place + 8


def _after(place: int, start: int, size: int) -> int:
    """Where the element after one begins: elements are filled up to eight bytes."""
    return place + 8 if start == place + 4 else start + -(-size // 8) * 8


def _check_matrix(body: bytes, order: str, depth: int) -> int:
    """Number of entries of a matrix; raises if it declares more than is there."""
    if not body:
        return 0  # an empty cell
    if depth > _DEPTH:
        raise ValueError(f"cells lie deeper than {_DEPTH} levels")
    kind = struct.unpack_from(f"{order}I", body, 8)[0] & 0xFFFF
    complex_ = bool((kind >> 8) & 8)
    kind &= 0xFF
    _, size, start = _tag(body, 16, order)
    if not 0 < size <= 4 * 32:
        raise ValueError(f"a matrix has {size // 4} axes")
    dims = struct.unpack_from(f"{order}{size // 4}i", body, start)
    if min(dims) < 0:
        raise ValueError(f"a matrix has shape {dims}")
    count, place = math.prod(dims), _after(16, start, size)
    _, size, start = _tag(body, place, order)
    place = _after(place, start, size)
    if complex_:
        raise ValueError("a matrix holds complex numbers")
    if kind == _CELL:
        return _check_parts(body, order, place, count, depth)
    if kind == _STRUCT:
        _, size, start = _tag(body, place, order)
        longest = struct.unpack_from(f"{order}i", body, start)[0]
        place = _after(place, start, size)
        _, size, start = _tag(body, place, order)
        fields = size // longest if longest > 0 else 0
        if not fields:
            raise ValueError("a struct has no fields")
        place = _after(place, start, size)
        return _check_parts(body, order, place, count * fields, depth)
    if kind != _CHAR and not _DOUBLE <= kind <= _UINT64:
        raise ValueError(f"a variable is of class {kind}: matrices and cells are read")
    _, size, start = _tag(body, place, order)
    if count > size or start + size > len(body):
        raise ValueError(f"a matrix of shape {dims} has {size} bytes")
    return count


def _check_parts(body: bytes, order: str, place: int, count: int, depth: int) -> int:
    """Entries of all matrices inside a cell or struct; each takes eight bytes."""
    if 8 * count > len(body) - place:
        raise ValueError(f"a cell of {count} entries has {len(body) - place} bytes")
    total = count
    for _ in range(count):
        kind, size, start = _tag(body, place, order)
        if kind != _MATRIX or start + size > len(body):
            raise ValueError("a cell ends within an entry")
        total += _check_matrix(body[start : start + size], order, depth + 1)
        place = _after(place, start, size)
    return total
