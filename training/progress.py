"""How long work tells what it has done."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with the amount done, the total and what is being done."""


def quiet(done: int, total: int, message: str) -> None:
    """Show nothing: for work that takes a moment."""
    del done, total, message
