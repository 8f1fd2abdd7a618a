"""Which code a run was made with, and whether it has changed since."""

import functools
import hashlib
import pathlib
from collections.abc import Mapping

ROOT = pathlib.Path(__file__).resolve().parents[2]
"""Where `regions`, `training` and `experiments` lie side by side."""

_SHARED = {
    "measures": ("experiments/measures", "experiments/movies"),
    "training": ("training",),
    "regions": ("regions",),
}
"""Code that results of any study may rest on, by the name of the part."""


def code_digests(study: str) -> dict[str, str]:
    """A digest of each part of the code that a study's numbers rest on.

    Args:
        study: The name of its folder.

    Returns:
        By `study`, its own folder, and the parts that all studies share.

    Example:
        >>> list(code_digests("hopfield"))
        ['study', 'measures', 'training', 'regions']
    """
    own = _digest((f"experiments/{study}",))
    return {"study": own} | {part: _digest(places) for part, places in _SHARED.items()}


def changed_parts(study: str, kept: Mapping[str, str]) -> list[str]:
    """The parts that are no longer what they were when `kept` was taken.

    Args:
        study: The name of its folder.
        kept: From `code_digests`, or empty: then nothing is known, and all are named.
    """
    now = code_digests(study)
    return [part for part, digest in now.items() if kept.get(part) != digest]


@functools.cache
def _digest(places: tuple[str, ...]) -> str:
    """Of names and contents of all Python files in some folders."""
    found = hashlib.sha256()
    for place in places:
        for file in sorted((ROOT / place).rglob("*.py")):
            found.update(file.relative_to(ROOT).as_posix().encode() + b"\0")
            found.update(file.read_bytes() + b"\0")
    return found.hexdigest()[:16]
