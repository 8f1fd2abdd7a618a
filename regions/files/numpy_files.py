"""Arrays in `.npy` and `.npz` files of others: headers parsed, not evaluated.

NumPy's own reader evaluates the header as Python text, which has failures of many
kinds, and allocates what it declares. Here a header is matched, its size is compared
with the limit and with the bytes that follow, and only then is the array read.
"""

import dataclasses
import math
import pathlib
import re
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from regions.errors import FileFormatError
from regions.files.archives import open_archive
from regions.files.reading import check_size, reading
from regions.network import fits_float64

_ITEM = re.compile(
    r"""['"](descr|fortran_order|shape)['"]\s*:\s*"""
    r"""(['"][^'"\s]{1,8}['"]|True|False|\([\d,\sL]*\))"""
)
_HEADER = re.compile(rf"\{{\s*(?:{_ITEM.pattern}\s*(?:,\s*)?)*\}}")
_MAGIC = b"\x93NUMPY"
_LONGEST = 10_000
"""Bytes of a header; NumPy refuses longer ones, too."""


@dataclasses.dataclass(frozen=True, slots=True)
class ArrayHeader:
    """What precedes the numbers of an array.

    Attributes:
        shape: Its shape.
        fortran: Whether the first index runs fastest.
        dtype: Type of its entries.
    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype

    @property
    def count(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def is_real(self) -> bool:
        """Whether the entries are real numbers that float64 may hold."""
        return self.dtype.kind in "fiub" and self.dtype.itemsize <= 8


Accept = Callable[[str, ArrayHeader], None]
"""Raises when an array of this name and header is not wanted."""


def read_header(file: Any) -> ArrayHeader:
    """The header of an `.npy` file, which stands at its start.

    Raises:
        ValueError: If it is none.
    """
    magic, version = file.read(len(_MAGIC)), file.read(2)
    width = {b"\1\0": 2, b"\2\0": 4, b"\3\0": 4}.get(version)
    if magic != _MAGIC or width is None:
        raise ValueError("it does not begin as an array of NumPy does")
    length = int.from_bytes(file.read(width), "little")
    if length > _LONGEST:
        raise ValueError(f"its header has {length} bytes, at most {_LONGEST} can be")
    text = file.read(length).decode("utf-8").strip()
    items = dict(_ITEM.findall(text)) if _HEADER.fullmatch(text) else {}
    if (
        set(items) != {"descr", "fortran_order", "shape"}
        or items["fortran_order"] not in ("True", "False")
        or items["descr"][0] not in "'\""
        or items["shape"][0] != "("
    ):
        raise ValueError("its header is not that of one array of numbers")
    axes = items["shape"].replace("L", "").strip("(), \t\n").split(",")
    shape = tuple(int(axis) for axis in axes) if axes != [""] else ()
    if any(axis >= 2**63 for axis in shape) or len(shape) > 32:
        raise ValueError(f"its header declares {len(shape)} axes or too long ones")
    dtype = np.dtype(items["descr"][1:-1])
    return ArrayHeader(shape, items["fortran_order"] == "True", dtype)


def check_left(header: ArrayHeader, size: int) -> None:
    """Raise unless a header declares the `size` bytes that follow it.

    Raises:
        ValueError: If it declares another size.
    """
    declared = header.dtype.itemsize * header.count
    if size != declared:
        raise ValueError(
            f"it declares shape {header.shape} of {header.dtype}, {declared} bytes, "
            f"but {size} follow"
        )


def read_body(file: Any, header: ArrayHeader) -> np.ndarray:
    """The array after its header."""
    flat = np.frombuffer(file.read(), header.dtype)
    return flat.reshape(header.shape, order="F" if header.fortran else "C")


def accept_real(name: str, header: ArrayHeader) -> None:
    """Raise unless an array holds real numbers.

    Raises:
        ValueError: If it holds others.
    """
    if not header.is_real:
        raise ValueError(
            f"{name} has dtype {header.dtype}; real numbers of at most 64 bits are "
            "required"
        )


def as_float64(path: pathlib.Path | str, array: np.ndarray) -> np.ndarray:
    """Real numbers as float64, which must hold every one of them.

    Raises:
        FileFormatError: If an integer is beyond what float64 can represent.
    """
    if array.dtype.kind in "iu" and not fits_float64(array):
        raise FileFormatError(
            f"{path} holds integers beyond 2^53, which float64 cannot represent: scale "
            "them down."
        )
    return array.astype(np.float64)


def load_npy(path: pathlib.Path, *, max_bytes: int) -> np.ndarray:
    """The array of real numbers in a `.npy` file.

    Raises:
        FileFormatError: If it is no such file, is damaged, or holds other entries, or
            its numbers would take more than `max_bytes` in float64.
    """
    with (
        reading(path, "a .npy file of numbers", "write it with numpy.save"),
        path.open("rb") as file,
    ):
        header = read_header(file)
        accept_real("the array", header)
        check_left(header, path.stat().st_size - file.tell())
        check_size(path, 8 * header.count, max_bytes)
        return read_body(file, header)


def load_npz(
    path: pathlib.Path | str,
    *,
    max_bytes: int,
    content: bytes | None = None,
    accept: Accept = accept_real,
    wanted: Callable[[list[str]], list[str]] = list,
    advice: str = "write it with numpy.savez",
) -> dict[str, np.ndarray]:
    """Arrays of an `.npz` file by name.

    Args:
        path: The file.
        max_bytes: Limit of what the numbers would take in float64, all together.
        content: The archive itself, if it lies inside another file; then `path` is
            its name in messages.
        accept: Called with each name and header; raises for those not wanted.
        wanted: Given the names in the file, those to read.
        advice: What to do about a damaged one.

    Raises:
        FileFormatError: If it is no such file, is damaged, or beyond the limit.
    """
    with (
        reading(path, "an .npz file of numbers", advice),
        open_archive(path, "an .npz file", max_bytes, content=content) as archive,
    ):
        members = {info.filename: info for info in archive.infolist()}
        names = {name.removesuffix(".npy"): name for name in members}
        chosen = [members[names[key]] for key in wanted(list(names))]
        headers = [_checked_header(path, archive, info, accept) for info in chosen]
        check_size(path, sum(8 * header.count for header in headers), max_bytes)
        return {_key(info): _array(archive, info) for info in chosen}


def _key(info: zipfile.ZipInfo) -> str:
    """Name of the array in a member."""
    return info.filename.removesuffix(".npy")


def _checked_header(
    path: pathlib.Path | str,
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    accept: Accept,
) -> ArrayHeader:
    """The header of one member, wanted and true to its size; the message names it."""
    try:
        with archive.open(info) as file:
            header = read_header(file)
            accept(_key(info), header)
            check_left(header, info.file_size - file.tell())
    except ValueError as error:
        raise FileFormatError(
            f"{path}: {_key(info)!r} cannot be read ({error}): write the file again "
            "with numpy.savez."
        ) from error
    return header


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """The array of one member."""
    with archive.open(info) as file:
        return read_body(file, read_header(file))
