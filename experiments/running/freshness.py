"""Which code a run was made with, and whether it has changed since.

Only code that a study can reach by its imports counts: a change elsewhere makes no
record older.
"""

import ast
import functools
import hashlib
import pathlib
from collections.abc import Iterable, Mapping

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
        By `study`, its own folder, and the parts that all studies share: of these, the
        files that it imports, and those that they import.

    Example:
        >>> list(code_digests("hopfield"))
        ['study', 'measures', 'training', 'regions']
    """
    own = _files(f"experiments/{study}")
    reached = _reached(own)
    parts = {
        part: [file for place in places for file in _files(place) if file in reached]
        for part, places in _SHARED.items()
    }
    every = {"study": own} | parts
    return {part: _digest(tuple(files)) for part, files in every.items()}


def changed_parts(study: str, kept: Mapping[str, str]) -> list[str]:
    """The parts that are no longer what they were when `kept` was taken.

    Args:
        study: The name of its folder.
        kept: From `code_digests`, or empty: then nothing is known, and all are named.
    """
    now = code_digests(study)
    return [part for part, digest in now.items() if kept.get(part) != digest]


@functools.cache
def _digest(files: tuple[pathlib.Path, ...]) -> str:
    """Of names and contents."""
    found = hashlib.sha256()
    for file in files:
        found.update(file.relative_to(ROOT).as_posix().encode() + b"\0")
        found.update(file.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _files(place: str) -> list[pathlib.Path]:
    """All Python files of a folder, in order."""
    return sorted((ROOT / place).rglob("*.py"))


def _reached(files: Iterable[pathlib.Path]) -> set[pathlib.Path]:
    """The files, and all in shared places that they import, however indirectly."""
    waiting, found = list(files), set(files)
    while waiting:
        new = _imported(waiting.pop()) - found
        found |= new
        waiting += new
    return found


@functools.cache
def _imported(file: pathlib.Path) -> frozenset[pathlib.Path]:
    """The files in shared places that one file imports, in functions too.

    Who imports a package as a whole, or modules by names that are made as it runs, may
    use any module of that package.
    """
    text = file.read_text(encoding="utf-8")
    names = {
        name
        for node in ast.walk(ast.parse(text))
        for name in _names(node)
        if name.split(".")[0] in ("regions", "training", "experiments")
    }
    found = set()
    for name in names:
        path = ROOT.joinpath(*name.split("."))
        if path == ROOT / "regions":
            found |= set(_files("regions"))
        found |= {path.with_suffix(".py"), path / "__init__.py"}
    if "import_module(" in text:
        found |= set(_files(file.relative_to(ROOT).parts[0]))
    shared = [ROOT / place for places in _SHARED.values() for place in places]
    return frozenset(
        one
        for one in found
        if one.is_file() and any(place in one.parents for place in shared)
    )


def _names(node: ast.AST) -> list[str]:
    """Modules that a statement may import; what it takes from them may be modules."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []
