"""A journal: one line of JSON for each thing that is done, with a digest of its own.

Lines are only ever appended, and are on the disk before the work goes on. A line whose
digest does not fit is worth nothing, and what it said is done again; a last line that a
kill tore is cut off. The digest also covers the problem, so a line of another one can
not be taken for one of this.
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


class LineJournal:
    """Lines about one problem, kept in a file that no other run has open.

    Args:
        path: The file; begun when missing.
        problem: A digest of what the lines are about.
        kind: What the file is, for messages: "journal of pieces", say.
        about: What makes the problem another one, for messages.
        version: Of the lines.

    Attributes:
        path: The file.
        lines: What the intact lines say, in their order, without the first.
        damaged: Numbers of the lines that could not be used, from 1.
        torn: Whether the last line had to be cut off.

    Raises:
        FileFormatError: If the file is no journal, or one of another problem.
        BlockingIOError: If another process has it open.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        problem: str,
        *,
        kind: str,
        about: str,
        version: int,
    ):
        self.path = pathlib.Path(path)
        self.lines: list[dict[str, Any]] = []
        self.damaged: list[int] = []
        self.torn = False
        self._problem, self._version = problem, version
        self._kind, self._about = kind, about
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

    def __enter__(self) -> "LineJournal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, data: dict[str, Any]) -> None:
        """Write one line, whole or not at all.

        Raises:
            OSError: If it could not be written; the journal is as it was before.
        """
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
                f"{self.path} is no {self._kind}, or all of it is damaged: give "
                "another --journal, or remove it."
            )
        self.torn = whole < len(content)
        if self.torn:
            if not lines and not content.startswith(b'{"version"'):
                raise FileFormatError(
                    f"{self.path} is no {self._kind}: give another --journal."
                )
            self._file.truncate(whole)
        if not lines:
            self.append({"version": self._version, "problem": self._problem})

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
        if "version" not in data:
            self.lines.append(data)
        elif data["version"] != self._version:
            raise FileFormatError(
                f"{self.path}: line {number} has version {data['version']!r}; "
                f"{self._version} is required: begin another journal."
            )
        return True

    def _refuse_other_problem(self, data: dict[str, Any], digest: str) -> None:
        """Raise if a line is intact and names another problem."""
        text = f"{data.get('problem')}\n{json.dumps(data, sort_keys=True)}"
        if "problem" in data and hashlib.sha256(text.encode()).hexdigest() == digest:
            raise FileFormatError(
                f"{self.path} belongs to another {self._about}: give another "
                "--journal, or remove it."
            )


def _write_all(file: io.FileIO, data: bytes) -> None:
    """Write bytes without a buffer that would try again later."""
    while data:
        data = data[file.write(data) or 0 :]
