"""Which lines of the code ask for limits: what the tests count."""

import ast
import functools
import sys
from pathlib import Path

QUESTIONS = {"check", "falls_short", "late", "spent", "stop"}
"""Names under which limits are asked, a `_` before them or not."""
OF_A_BUDGET = {"fits", "full", "reserve"}
"""Names under which a budget alone is asked."""


@functools.cache
def asking_lines(file: str) -> frozenset[int]:
    """The lines of a module on which limits are asked."""
    text = Path(file).read_text(encoding="utf-8")
    if not any(f"{name}(" in text for name in QUESTIONS | OF_A_BUDGET):
        return frozenset()
    tree = ast.parse(text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return frozenset(call.lineno for call in calls if _is_question(call))


def _is_question(call: ast.Call) -> bool:
    """Whether a call asks for a limit, by its name and by whom it asks."""
    name = _last_name(call.func)
    whom = _last_name(getattr(call.func, "value", None))
    if name in OF_A_BUDGET:
        return whom == "budget"
    if name == "check":  # With arguments it checks those.
        return not call.args
    return name in QUESTIONS and whom != "pace"  # A pace stops its clock.


def _last_name(node: ast.AST | None) -> str:
    """The last of the names that are joined by dots, without `_` before it."""
    return getattr(node, "attr", getattr(node, "id", "")).lstrip("_")


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
