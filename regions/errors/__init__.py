"""Every exception that `regions` raises on purpose.

Catch `RegionsError` for all of them. Wrong argument types, shapes and values are
programming errors and stay `TypeError` and `ValueError`.
"""

import inspect
import warnings


class RegionsError(Exception):
    """Base class of the errors raised by this package.

    Example:
        >>> import regions
        >>> try:
        ...     regions.load_network("no_such_folder")
        ... except (regions.RegionsError, OSError) as error:
        ...     print(type(error).__name__)
        FileNotFoundError
    """


class EmptyPolyhedronError(RegionsError):
    """A polyhedron that must contain a point has none.

    Example:
        >>> str(EmptyPolyhedronError("x <= 0 and x >= 1 has no solution."))
        'x <= 0 and x >= 1 has no solution.'
    """


class UndecidedError(RegionsError):
    """A question stayed open within the stated budget.

    Attributes:
        margin: Signed quantity that was compared with zero.
        tolerance: Error bound of `margin`; `abs(margin) <= tolerance`.

    Example:
        >>> str(UndecidedError("is it on?", margin=1e-20, tolerance=1e-12))
        'is it on? (margin 1.000e-20, tolerance 1.000e-12)'
    """

    def __init__(self, message: str, *, margin: float, tolerance: float):
        super().__init__(f"{message} (margin {margin:.3e}, tolerance {tolerance:.3e})")
        self.margin = margin
        self.tolerance = tolerance


class NotGenericError(UndecidedError):
    """A network's regions are too degenerate for the engine that was asked for.

    Cells of the plane hold 60 corners, and restriction proves so many coincidences in a
    box. The tree engine answers such networks: `method="tree"`, or `"auto"`.

    Example:
        >>> str(NotGenericError("a cell has more than 60 corners."))
        'a cell has more than 60 corners.'
    """

    def __init__(self, message: str):
        RegionsError.__init__(self, message)
        self.margin = 0.0
        self.tolerance = 0.0


class IncompleteError(RegionsError):
    """Regions may be missing from a run that stopped early, where all are required.

    Example:
        >>> issubclass(IncompleteError, RegionsError)
        True
    """


class LimitError(IncompleteError):
    """Work that has no answer in part was stopped by a limit.

    Attributes:
        why: `"max_seconds=2.0 reached"` or `"interrupted"`.
        found: What was known when it stopped, where that is of use; else None.

    Example:
        >>> str(LimitError("interrupted", "3 of 9 rows are decided", [0, 1, 2]))
        'interrupted: 3 of 9 rows are decided; ask again with more time.'
    """

    def __init__(self, why: str, what: str = "no answer yet", found: object = None):
        super().__init__(f"{why}: {what}; ask again with more time.")
        self.why = why
        self.found = found


class SolverError(RegionsError):
    """A linear program ended without an answer.

    Attributes:
        status: Status string of the solver, e.g. `"user_limit"`.

    Example:
        >>> SolverError("no bound", status="user_limit").status
        'user_limit'
    """

    def __init__(self, message: str, *, status: str):
        super().__init__(f"{message}: solver status {status!r}")
        self.status = status


class FileFormatError(RegionsError):
    """A file is not what it should be: truncated, of another format, or unsafe.

    Example:
        >>> import pathlib, tempfile
        >>> import regions
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "broken.npz"
        ...     size = path.write_bytes(b"no archive")
        ...     try:
        ...         regions.load_network(path)
        ...     except FileFormatError:
        ...         print("refused")
        refused
    """


class ModelError(RegionsError, ValueError):
    """A model in memory computes what is not read here, or is no model.

    Example:
        >>> from regions.models import as_network
        >>> try:
        ...     as_network([1, 2])
        ... except ModelError:
        ...     print("refused")
        refused
    """


class ImportNotice(UserWarning):
    """Something of an imported model was left out or assumed; the message says what."""


_NOT_CALLERS = ("regions", "jaxtyping", "beartype")
"""Packages whose lines no notice is shown at: our own, and what checks its types."""


def tell(text: str) -> None:
    """An `ImportNotice` at the line outside of this package that led to it."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and _is_own(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, ImportNotice, stacklevel=level)


def _is_own(module: str) -> bool:
    return module.partition(".")[0] in _NOT_CALLERS


def tell_final_left_out(name: str, final: str) -> None:
    """Tell that a monotone function of the outputs is left out.

    Args:
        name: The model.
        final: The function, a sigmoid or softmax, say.
    """
    tell(
        f"{name}: the final {final} is left out: the network's outputs are its inputs."
    )
