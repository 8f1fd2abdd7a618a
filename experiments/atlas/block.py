"""The data block of a page: arrays and their description, packed, with a checksum.

Layout, before compression: the length of the header in bytes (uint32, little endian),
the header (JSON, UTF-8), then the arrays. The bytes of each array are transposed: all
first bytes of its elements, then all second ones, and so on, which deflates better. An
array in the header is `{"array": dtype, "shape": [...], "at": byte offset}`.
The page's `block.ts` reads it; `schema.json` ties the two.
"""

import base64
import importlib.resources
import json
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np

DTYPES = ("float64", "float32", "int32", "int16", "uint8", "uint16", "uint32")
"""Dtypes of arrays, all little endian."""


class BlockError(Exception):
    """A data block is damaged, or of another schema."""


class Block(NamedTuple):
    """What goes into the page.

    Attributes:
        schema: Version of the layout and of the header.
        size: Bytes before compression.
        crc32: CRC-32 checksum of the bytes before compression, 8 hexadecimal digits.
        text: The deflated bytes in base64.
    """

    schema: int
    size: int
    crc32: str
    text: str


def schema_version() -> int:
    """The version that Python and the page agree on."""
    file = importlib.resources.files("experiments.atlas") / "schema.json"
    return int(json.loads(file.read_text(encoding="utf-8"))["version"])


def shuffle(array: np.ndarray) -> bytes:
    """The bytes of an array, first bytes of all elements first."""
    flat = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1)
    return flat.view(np.uint8).reshape(-1, array.dtype.itemsize).T.tobytes()


def unshuffle(data: bytes, dtype: str, shape: list[int]) -> np.ndarray:
    """The array whose bytes `shuffle` gave."""
    size = np.dtype(dtype).itemsize
    planes = np.frombuffer(data, np.uint8).reshape(size, -1)
    return np.ascontiguousarray(planes.T).view(dtype).reshape(shape)


def pack(header: dict[str, Any]) -> Block:
    """Pack nested dictionaries and lists whose leaves are JSON values and arrays.

    Raises:
        ValueError: If an array is of a dtype that the page does not read, or a number
            of the header is not finite.
    """
    parts: list[bytes] = []
    offset = 0

    def describe(value: Any) -> Any:
        nonlocal offset
        if isinstance(value, dict):
            return {key: describe(entry) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [describe(entry) for entry in value]
        if not isinstance(value, np.ndarray):
            return value
        if value.dtype.name not in DTYPES:
            raise ValueError(
                f"an array has dtype {value.dtype}: one of {', '.join(DTYPES)} is "
                "required."
            )
        entry = {"array": value.dtype.name, "shape": list(value.shape), "at": offset}
        parts.append(shuffle(value))
        offset += len(parts[-1])
        return entry

    text = json.dumps(describe(header), allow_nan=False).encode()
    raw = b"".join([struct.pack("<I", len(text)), text, *parts])
    packed = base64.b64encode(zlib.compress(raw, 6)).decode("ascii")
    return Block(schema_version(), len(raw), f"{zlib.crc32(raw):08x}", packed)


def unpack(block: Block) -> dict[str, Any]:
    """What `pack` packed.

    Raises:
        BlockError: If the block is of another schema, truncated or changed.
    """
    if block.schema != schema_version():
        raise BlockError(
            f"the data block is of schema {block.schema} and this program reads "
            f"{schema_version()}: write the page again."
        )
    try:
        raw = zlib.decompress(base64.b64decode(block.text, validate=True))
    except (ValueError, zlib.error) as error:
        raise BlockError(f"the data block is damaged ({error}).") from error
    if len(raw) != block.size or f"{zlib.crc32(raw):08x}" != block.crc32:
        raise BlockError("the data block is damaged: its checksum does not match.")
    (length,) = struct.unpack("<I", raw[:4])
    start = 4 + length

    def restore(value: Any) -> Any:
        if isinstance(value, list):
            return [restore(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        if "array" not in value:
            return {key: restore(entry) for key, entry in value.items()}
        count = int(np.prod(value["shape"], dtype=np.int64))
        at = start + value["at"]
        size = count * np.dtype(value["array"]).itemsize
        return unshuffle(raw[at : at + size], value["array"], value["shape"])

    return restore(json.loads(raw[4:start]))
