"""A journal of counted pieces: the plan, and a line for every piece."""

import os
from typing import Any

from regions.files.line_journal import LineJournal
from regions.files.reading import reading
from regions.pieces.plan import Face, Piece

VERSION = 1


class PieceJournal:
    """Counts of pieces of one network on one domain, kept in a file.

    Attributes:
        plan: The pieces of the count that the journal was begun for, if it is known.
        counts: The counts so far, by face.
        splits: The parts of the pieces that turned out too large, by face.
        damaged: Numbers of the lines that could not be used, from 1.

    Raises:
        FileFormatError: If the file is no journal, or one of another problem.
        BlockingIOError: If another process has it open.
    """

    def __init__(self, path: str | os.PathLike[str], problem: str):
        self.plan: list[Piece] | None = None
        self.counts: dict[Face, int] = {}
        self.splits: dict[Face, list[Piece]] = {}
        self._disputed: set[Face] = set()
        self._lines = LineJournal(
            path,
            problem,
            kind="journal of pieces",
            about="network or domain",
            version=VERSION,
        )
        self.damaged = self._lines.damaged
        with reading(self._lines.path, "a journal of pieces", "give another --journal"):
            for data in self._lines.lines:
                self._take(data)

    def __enter__(self) -> "PieceJournal":
        return self

    def __exit__(self, *error: object) -> None:
        self._lines.__exit__(*error)

    def record_plan(self, plan: list[Piece]) -> None:
        """Keep the pieces, so that a later run counts the same ones."""
        self.plan = plan
        self._lines.append({"plan": [piece.to_json() for piece in plan]})

    def record(self, piece: Piece, count: int) -> None:
        """Keep the count of one piece.

        Raises:
            OSError: If it could not be written; the journal is as it was before.
        """
        self._lines.append({"face": piece.to_json()[:2], "count": count})
        self.counts[piece.face] = count

    def record_split(self, piece: Piece, parts: list[Piece]) -> None:
        """Keep the parts of a piece that turned out too large.

        Raises:
            OSError: If it could not be written; the journal is as it was before.
        """
        entries = [part.to_json() for part in parts]
        self._lines.append({"face": piece.to_json()[:2], "parts": entries})
        self.splits[piece.face] = parts

    def _take(self, data: dict[str, Any]) -> None:
        """Use one line."""
        if "plan" in data:
            self.plan = [Piece.from_json(entry) for entry in data["plan"]]
            return
        lower, upper = data["face"]
        face = Face(tuple(lower), tuple(upper))
        if "parts" in data:
            self.splits[face] = [Piece.from_json(entry) for entry in data["parts"]]
        else:
            self._take_count(face, data["count"])

    def _take_count(self, face: Face, count: int) -> None:
        """Use a count, unless an earlier line disagrees: then neither is used."""
        if face in self._disputed or self.counts.get(face, count) != count:
            self._disputed.add(face)
            self.counts.pop(face, None)
        else:
            self.counts[face] = count
