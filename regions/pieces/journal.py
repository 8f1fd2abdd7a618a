"""A journal of counted pieces: one line a piece, each with a digest of its own.

Lines are only ever appended, and are on the disk before the count goes on. A line whose
digest does not fit is worth nothing, and its piece is counted again; a last line that a
kill tore is cut off. The digest also covers the network and the domain, so a line of
another count can not be taken for one of this.
"""

import contextlib
import hashlib
import io
import json
import os
import pathlib
from typing import Any

from regions.errors import FileFormatError
from regions.files.writing import lock
from regions.pieces.plan import Face, Piece

VERSION = 1


class PieceJournal:
    """Counts of pieces of one network on one domain, kept in a file.

    Attributes:
        path: The file.
        plan: The pieces of the count that the journal was begun for, if it is known.
        counts: The counts so far, by face.
        splits: The parts of the pieces that turned out too large, by face.
        damaged: Numbers of the lines that could not be used, from 1.
        torn: Whether the last line had to be cut off.

    Raises:
        FileFormatError: If the file is no journal, or one of another problem.
        BlockingIOError: If another process has it open.
    """

    def __init__(self, path: str | os.PathLike[str], problem: str):
        self.path = pathlib.Path(path)
        self.plan: list[Piece] | None = None
        self.counts: dict[Face, int] = {}
        self.splits: dict[Face, list[Piece]] = {}
        self.damaged: list[int] = []
        self.torn = False
        self._problem = problem
        self._disputed: set[Face] = set()
        if self.path.exists() and not self.path.is_file():
            raise FileFormatError(f"{self.path} is no file: give another --journal.")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b", buffering=0)
        except OSError as error:
            raise OSError(
                error.errno,
                f"{error.strerror}: the journal can not be kept there; give a "
                "--journal in a folder where you may write",
                str(self.path),
            ) from error
        try:
            lock(self._file, self.path)
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "PieceJournal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def record_plan(self, plan: list[Piece]) -> None:
        """Keep the pieces, so that a later run counts the same ones."""
        self.plan = plan
        self._append({"plan": [piece.to_json() for piece in plan]})

    def record(self, piece: Piece, count: int) -> None:
        """Keep the count of one piece.

        Raises:
            OSError: If it could not be written; the journal is as it was before.
        """
        self._append({"face": piece.to_json()[:2], "count": count})
        self.counts[piece.face] = count

    def record_split(self, piece: Piece, parts: list[Piece]) -> None:
        """Keep the parts of a piece that turned out too large.

        Raises:
            OSError: If it could not be written; the journal is as it was before.
        """
        entries = [part.to_json() for part in parts]
        self._append({"face": piece.to_json()[:2], "parts": entries})
        self.splits[piece.face] = parts

    def _append(self, data: dict[str, Any]) -> None:
        """Write one line, whole or not at all."""
        line = json.dumps({**data, "sha256": self._digest(data)}) + "\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            _write_all(self._file, line.encode())
            os.fsync(self._file.fileno())
        except OSError as error:
            # A torn line that can not be cut off now is cut off by the next run.
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise OSError(
                error.errno,
                f"{error.strerror} while writing the journal; what was counted before "
                "is kept: make room and give the same command again",
                str(self.path),
            ) from error

    def _digest(self, data: dict[str, Any]) -> str:
        """SHA-256 of a line's content and of the problem."""
        text = json.dumps(data, sort_keys=True)
        return hashlib.sha256(f"{self._problem}\n{text}".encode()).hexdigest()

    def _read(self) -> None:
        """Take what earlier runs wrote; begin the journal if there is nothing."""
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        lines = content[:whole].split(b"\n")[:-1]
        for number, line in enumerate(lines, 1):
            if not self._take(line, number):
                self.damaged.append(number)
        if lines and len(self.damaged) == len(lines):
            raise FileFormatError(
                f"{self.path} is no journal of pieces, or all of it is damaged: give "
                "another --journal, or remove it."
            )
        self.torn = whole < len(content)
        if self.torn:
            if not lines and not content.startswith(b'{"version"'):
                raise FileFormatError(
                    f"{self.path} is no journal of pieces: give another --journal."
                )
            self._file.truncate(whole)
        if not lines:
            self._append({"version": VERSION, "problem": self._problem})

    def _take(self, line: bytes, number: int) -> bool:
        """Use one line; whether it is as it was written."""
        try:
            data = json.loads(line)
            digest = data.pop("sha256")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return False
        if digest != self._digest(data):
            self._refuse_other_problem(data, digest)
            return False
        if "plan" in data:
            self.plan = [Piece.from_json(entry) for entry in data["plan"]]
        elif "face" in data:
            lower, upper = data["face"]
            face = Face(tuple(lower), tuple(upper))
            if "parts" in data:
                self.splits[face] = [Piece.from_json(entry) for entry in data["parts"]]
            else:
                self._take_count(face, data["count"])
        elif data.get("version") != VERSION:
            raise FileFormatError(
                f"{self.path}: line {number} has version {data.get('version')!r}; "
                f"{VERSION} is required: begin another journal."
            )
        return True

    def _take_count(self, face: Face, count: int) -> None:
        """Use a count, unless an earlier line disagrees: then neither is used."""
        if face in self._disputed or self.counts.get(face, count) != count:
            self._disputed.add(face)
            self.counts.pop(face, None)
        else:
            self.counts[face] = count

    def _refuse_other_problem(self, data: dict[str, Any], digest: str) -> None:
        """Raise if a line is intact and names another network or domain."""
        text = f"{data.get('problem')}\n{json.dumps(data, sort_keys=True)}"
        if "problem" in data and hashlib.sha256(text.encode()).hexdigest() == digest:
            raise FileFormatError(
                f"{self.path} belongs to another network or domain: give another "
                "--journal, or remove it."
            )


def _write_all(file: io.FileIO, data: bytes) -> None:
    """Write bytes without a buffer that would try again later."""
    while data:
        data = data[file.write(data) or 0 :]
