"""Networks in `.mat` files as NNV has them: cells `W` and `b`, names of activations.

Files of MATLAB's version 5 (and 6, 7). SciPy's reader crashes on some damaged ones and
allocates what they declare, so that they are parsed here: matrices of real numbers,
texts, cells and structs, each of which must be there before it is read. Version 7.3 is
another format (HDF5).
"""

import math
import pathlib
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp

from regions.errors import FileFormatError, tell
from regions.files.reading import check_file_size, check_size, reading
from regions.io.graph import GraphBuilder
from regions.network import ReluNetwork, fits_float64

_WHAT, _ADVICE = "a .mat file with W and b", "save it again with save -v7"
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR, _DOUBLE, _UINT64 = 1, 2, 4, 6, 15
_DEPTH = 8
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_TYPES |= {12: "i8", 13: "u8", 16: "u1", 17: "u2", 18: "u4"}
"""How numbers and letters are stored, which may be smaller than what they are."""

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
        found = _network_in(_variables(path, path.read_bytes(), max_bytes))
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
    for value in (found, *found.values()):
        if isinstance(value, dict) and "W" in value:
            return value
    raise ValueError(f"it holds {sorted(found)[:8]} and cells W and b are required")


def _cells(found: dict[str, Any], name: str) -> list[Any]:
    """The entries of a cell, or a matrix that stands for a cell of one."""
    value = found.get(name)
    if value is None:
        raise ValueError(f"it has no cell {name}")
    return value if isinstance(value, list) else [value]


def _real(name: str, value: Any) -> np.ndarray:
    """A matrix of real numbers."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        raise ValueError(f"{name} is no matrix of real numbers")
    if value.ndim != 2 or not value.size:
        raise ValueError(f"{name} has shape {value.shape}")
    if value.dtype.kind in "iu" and not fits_float64(value):
        raise ValueError(f"{name} holds integers beyond 2^53: scale them down")
    return value.astype(np.float64)


def _activations(path: pathlib.Path, found: dict[str, Any], layers: int) -> list[str]:
    """The activation of each layer; the one of the outputs is linear."""
    key = next((name for name in _NAMES if name in found), None)
    if key is None:
        tell(f"{path} names no activations: ReLU is assumed, and linear outputs.")
        return ["relu"] * (layers - 1) + ["linear"]
    names = [text.strip().lower() for text in _texts(found[key])]
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
        tell(
            f"{path}: the final {names[-1]} is left out: the network's outputs are its "
            "inputs."
        )
        names[-1] = "linear"
    return names


def _texts(value: Any) -> Iterator[str]:
    """Names in a cell, or in the rows of a matrix of letters."""
    for entry in value if isinstance(value, list) else []:
        if isinstance(entry, str):
            yield entry
        else:
            yield from _texts(entry)


def _variables(path: pathlib.Path, content: bytes, max_bytes: int) -> dict[str, Any]:
    """The variables of a file by name: arrays, texts, lists of cells, structs."""
    if content[:8] == b"\x89HDF\r\n\x1a\n" or b"MATLAB 7.3" in content[:116]:
        raise FileFormatError(
            f"{path} is of version 7.3 of MATLAB's format: {_ADVICE}."
        )
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        raise ValueError("its header is not that of version 5")
    found: dict[str, Any] = {}
    room = max_bytes
    elements = _elements(content, 128, order)
    for kind, body in elements:
        if kind == _COMPRESSED:
            body = zlib.decompressobj().decompress(body, room + 1)
            check_size(path, max_bytes - room + len(body), max_bytes)
            ((kind, body), *_) = _elements(body, 0, order)
        if kind != _MATRIX:
            raise ValueError(f"a variable has type {kind}")
        # Eight bytes for each byte: a number may be stored in one.
        room -= 8 * len(body)
        check_size(path, max_bytes - room, max_bytes)
        name, value = _matrix(body, order, 0)
        found[name] = value
    return found


def _elements(content: bytes, place: int, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of the elements that follow each other."""
    while place < len(content):
        kind, size = struct.unpack_from(f"{order}II", content, place)
        if kind >> 16:  # a small element: its size beside its type, four bytes of it
            kind, size, start, end = kind & 0xFFFF, kind >> 16, place + 4, place + 8
        else:
            start = place + 8
            # Compressed ones are not filled up to eight bytes.
            end = start + (size if kind == _COMPRESSED else -(-size // 8) * 8)
        body = content[start : start + size]
        if len(body) < size or (start == place + 4 and size > 4):
            raise ValueError("it ends within a variable")
        yield kind, body
        place = end


def _matrix(body: bytes, order: str, depth: int) -> tuple[str, Any]:
    """Name and value of one matrix, cell, struct or text."""
    if not body:
        return "", np.zeros((0, 0))
    if depth > _DEPTH:
        raise ValueError(f"cells lie deeper than {_DEPTH} levels")
    parts = _elements(body, 0, order)
    flags = struct.unpack_from(f"{order}I", _next(parts)[1])[0]
    shape = tuple(np.frombuffer(_next(parts)[1], f"{order}i4").tolist())
    name = _next(parts)[1].decode("ascii")
    kind = flags & 0xFF
    if flags & 0x800:
        raise ValueError(f"{name or 'a cell'} holds complex numbers")
    if not 1 <= len(shape) <= 32 or min(shape) < 0:
        raise ValueError(f"{name or 'a cell'} has shape {shape}")
    count = math.prod(shape)
    if kind in (_CELL, _STRUCT):
        fields = _fields(parts) if kind == _STRUCT else [""]
        inner = []
        for _ in range(count * len(fields)):  # each takes eight bytes, or it ends
            entry, content = _next(parts)
            if entry != _MATRIX:
                raise ValueError(f"{name or 'a cell'} holds an entry of type {entry}")
            inner.append(_matrix(content, order, depth + 1)[1])
        if kind == _CELL:
            return name, inner
        return name, dict(zip(fields, inner, strict=False)) if count == 1 else {}
    if kind != _CHAR and not _DOUBLE <= kind <= _UINT64:
        raise ValueError(f"{name} is of class {kind}: matrices and cells are read")
    stored, content = _next(parts)
    if stored not in _TYPES:
        raise ValueError(f"{name or 'a cell'} is stored as type {stored}")
    flat = np.frombuffer(content, f"{order}{_TYPES[stored]}")
    if len(flat) != count:
        raise ValueError(
            f"{name or 'a cell'} has shape {shape} and {len(flat)} numbers"
        )
    array = flat.reshape(shape, order="F")
    return name, _rows_of_text(array) if kind == _CHAR else array


def _next(parts: Iterator[tuple[int, bytes]]) -> tuple[int, bytes]:
    """The next element, which must be there."""
    element = next(parts, None)
    if element is None:
        raise ValueError("a variable ends too early")
    return element


def _fields(parts: Iterator[tuple[int, bytes]]) -> list[str]:
    """Names of a struct's fields, each of the same number of bytes."""
    length = int.from_bytes(_next(parts)[1][:4].strip(b"\0") or b"\0", "little")
    names = _next(parts)[1]
    if not 0 < length <= 64 or not names or len(names) % length:
        raise ValueError("a struct has no fields")
    cuts = range(0, len(names), length)
    return [names[k : k + length].split(b"\0")[0].decode("ascii") for k in cuts]


def _rows_of_text(letters: np.ndarray) -> list[str]:
    """The rows of a matrix of letters."""
    rows = letters.reshape(len(letters), -1) if letters.ndim > 1 else letters[None]
    return ["".join(map(chr, row)) for row in rows.tolist()]
