"""Which lines of the code ask for limits: what the tests count."""

import ast
import functools
import sys
from pathlib import Path

QUESTIONS = {"check", "falls_short", "fits", "full", "late", "reserve", "spent", "stop"}
"""Names under which limits are asked, a `_` before them or not."""


@functools.cache
def asking_lines(file: str) -> frozenset[int]:
    """The lines of a module on which limits are asked."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [getattr(c.func, "attr", getattr(c.func, "id", "")) for c in calls]
    return frozenset(
        call.lineno
        for call, name in zip(calls, names, strict=True)
        if name.lstrip("_") in QUESTIONS
    )


def note_asking(seen: set[tuple[str, int]], test: str, depth: int = 2) -> None:
    """Note the lines of `regions` that led to a question, up to the test's own.

    Args:
        seen: Takes them, by module and number.
        test: The file of the test.
        depth: How many frames lie between the question and this function.
    """
    frame = sys._getframe(depth)
    while frame is not None and frame.f_code.co_filename != test:
        file, line = frame.f_code.co_filename, frame.f_lineno
        _, room, module = file.rpartition("/regions/")
        if room and line in asking_lines(file):
            seen.add((module, line))
        frame = frame.f_back


def missing_lines(
    seen: set[tuple[str, int]], required: dict[str, int]
) -> dict[str, str]:
    """Modules in which fewer lines asked than are required, with both numbers."""
    asked = {module: sum(m == module for m, _ in seen) for module in required}
    return {
        module: f"{asked[module]} of {lines} lines ask"
        for module, lines in required.items()
        if asked[module] < lines
    }
