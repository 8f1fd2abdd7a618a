"""Objects as texts of a few lines: what is long is told by its size."""

import dataclasses
from collections.abc import Sized
from typing import Any

import numpy as np

FEW = 6
"""So many numbers of an array are shown."""
LONG = 100
"""So many signs of a value."""


def short_repr(self: Any) -> str:
    """The fields of a dataclass or named tuple, but for its functions.

    Example:
        >>> @dataclasses.dataclass
        ... class Rows:
        ...     A: np.ndarray
        ...     units: list
        ...     name: str = "all"
        ...     __repr__ = short_repr
        >>> Rows(np.zeros((80, 2)), [0.5, None])
        Rows(A=<80 x 2 numbers>, units=[0.5, None], name='all')
    """
    names = getattr(self, "_fields", None)
    names = names or [field.name for field in dataclasses.fields(self)]
    values = ((name, getattr(self, name)) for name in names)
    parts = (f"{n}={_short(v)}" for n, v in values if not callable(v))
    return f"{type(self).__name__}({', '.join(parts)})"


def _short(value: Any) -> str:
    """A value, or its size."""
    if isinstance(value, np.ndarray):
        shape = " x ".join(map(str, value.shape))
        return str(value.tolist()) if value.size <= FEW else f"<{shape} numbers>"
    if isinstance(value, Sized) and len(value) > LONG:
        return _size(value)
    text = _whole(value)
    if len(text) <= LONG:
        return text
    return _size(value) if isinstance(value, Sized) else f"{text[:LONG]}..."


def _size(value: Sized) -> str:
    return f"<{len(value)} item{'s' * (len(value) != 1)}>"


def _whole(value: Any) -> str:
    """A value with those in it, each short."""
    if type(value) in (list, tuple):
        inner = ", ".join(map(_short, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)
