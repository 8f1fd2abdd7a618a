"""A journal of the tree: a killed run resumes and ends with the same regions.

A journal is a folder. Finished regions go to numbered parts; the stack of unfinished
blocks is written last, under a temporary name, and names how many parts are valid: a
kill at any moment loses at most the work since the last checkpoint, and counts nothing
twice. Digests cover all of it, and a lock keeps a second run out of the folder.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from regions.domains.shapes import Domain
from regions.enumeration.tree.cells import TreeCells
from regions.errors import FileFormatError
from regions.files.rationals import fraction_text, read_fraction
from regions.files.reading import reading
from regions.files.writing import locked_folder, open_atomically, remove_left
from regions.network import ReluNetwork

VERSION = 3
STACK = "stack.npz"
PART = ("bits", "center", "exact")


def fingerprint(network: ReluNetwork, domain: Domain) -> str:
    """A digest of the network and the domain that a journal belongs to."""
    digest = hashlib.sha256(json.dumps(domain.to_dict(), sort_keys=True).encode())
    for index, layer in enumerate(network.layers):
        arrays = [layer.bias, layer.slopes, *(m for _, m in layer.blocks(index))]
        sources = [s for s, _ in layer.blocks(index)]
        digest.update(json.dumps([sources, [a.shape for a in arrays]]).encode())
        for array in arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


class Journal:
    """Checkpoints of one search, which has the folder for itself until it is closed.

    Attributes:
        regions: Regions in the valid parts.
    """

    def __init__(
        self, folder: str | os.PathLike[str], digest: str, *, every: float = 10.0
    ):
        self._folder = Path(folder)
        self._digest = digest
        self._every = every
        self._parts: list[str] = []
        """SHA-256 of the content of each valid part."""
        self.regions = 0
        self._last = time.perf_counter()
        self._lock = contextlib.ExitStack()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        """Let other runs have the folder."""
        self._lock.close()

    def resume(self) -> list[TreeCells] | None:
        """The stack of an earlier run; None if there is none.

        Raises:
            BlockingIOError: If another run has the folder.
            FileFormatError: If the journal is damaged or of another search.
        """
        self._lock.enter_context(locked_folder(self._folder))
        path = self._folder / STACK
        if not path.exists():
            return None
        with (
            reading(path, "a readable journal", "remove the folder to start again"),
            path.open("rb") as file,
            np.load(file, allow_pickle=False) as data,
        ):
            header = json.loads(str(data["header"]))
            if header["version"] != VERSION:
                raise FileFormatError(
                    f"{path} has version {header['version']}; {VERSION} is required: "
                    "remove the folder to start again."
                )
            _check(data, header["blocks"], str(data["sha256"]))
            blocks = [_block(data, i) for i in range(header["blocks"])]
            own = header["digest"]
            self._parts = [str(part) for part in header["parts"]]
            self.regions = int(header["regions"])
        if own != self._digest:
            raise FileFormatError(
                f"{path} belongs to another network or domain: give another journal "
                "folder, or remove this one."
            )
        remove_left(self._folder)
        return blocks

    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.perf_counter() - self._last > self._every

    def write(self, finished: list[TreeCells], stack: list[TreeCells]) -> None:
        """Add finished regions and the state of the search."""
        if finished:
            arrays = {
                "bits": np.packbits(np.concatenate([c.bits for c in finished]), axis=1),
                "center": np.concatenate([c.center for c in finished]),
                "exact": np.concatenate([_texts(c.exact) for c in finished]),
            }
            _save(self._folder / f"part-{len(self._parts):06d}.npz", arrays)
            self._parts.append(_sha256(arrays))
            self.regions += sum(len(c) for c in finished)
        header = {
            "version": VERSION,
            "digest": self._digest,
            "parts": self._parts,
            "regions": self.regions,
            "blocks": len(stack),
        }
        arrays = {"header": np.array(json.dumps(header))}
        for i, block in enumerate(stack):
            for field in dataclasses.fields(TreeCells):
                value = getattr(block, field.name)
                if field.name == "exact":
                    value = _texts(value)
                arrays[f"{field.name}_{i}"] = np.asarray(value)
        arrays["sha256"] = np.array(_sha256(arrays))
        _save(self._folder / STACK, arrays)
        self._last = time.perf_counter()

    def parts(self, units: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Bits, centers and rational witnesses of the valid parts."""
        for number, digest in enumerate(self._parts):
            path = self._folder / f"part-{number:06d}.npz"
            if not path.is_file():
                raise FileFormatError(
                    f"{path} is missing: remove the journal to start again."
                )
            with reading(path, "a part of a journal", "remove the journal"):
                with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                    arrays = {name: data[name] for name in PART}
                _require(_sha256(arrays) == digest)
                bits = np.unpackbits(arrays["bits"], axis=1, count=units).astype(bool)
                found = bits, arrays["center"], _rationals(arrays["exact"])
            yield found


def _check(data: np.lib.npyio.NpzFile, blocks: int, digest: str) -> None:
    """Raise unless a stack is as it was written."""
    names = ["header"]
    for i in range(blocks):
        names += [f"{field.name}_{i}" for field in dataclasses.fields(TreeCells)]
    _require(_sha256({name: data[name] for name in names}) == digest)


def _require(unchanged: bool) -> None:
    """Raise unless a digest fits.

    Raises:
        ValueError: If not.
    """
    if not unchanged:
        raise ValueError("it was changed since it was written")


def _sha256(arrays: dict[str, np.ndarray]) -> str:
    """A digest of named arrays, in their order."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write whole or not at all."""
    with open_atomically(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def _block(data: np.lib.npyio.NpzFile, index: int) -> TreeCells:
    """One block of a saved stack."""
    names = {f.name for f in dataclasses.fields(TreeCells)} - {"unit", "exact"}
    return TreeCells(
        unit=int(data[f"unit_{index}"]),
        exact=_rationals(data[f"exact_{index}"]),
        **{name: data[f"{name}_{index}"] for name in names},
    )


def _texts(exact: np.ndarray) -> np.ndarray:
    """Rational points as text, empty for none."""
    texts = ["" if e is None else " ".join(map(fraction_text, e)) for e in exact]
    return np.array(texts, dtype=np.str_)


def _rationals(texts: np.ndarray) -> np.ndarray:
    """Rational points from text."""
    result = np.full(len(texts), None, object)
    for k in np.flatnonzero(texts != ""):
        result[k] = tuple(map(read_fraction, str(texts[k]).split()))
    return result
