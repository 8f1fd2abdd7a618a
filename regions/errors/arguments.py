"""Arguments of the wrong kind, said in one sentence where a function is entered.

Type checkers know better, and few users have one. Without a word here, a text for a
number of seconds would show as an operator that does not fit, deep inside.
"""

import functools
import inspect
import numbers
import os
import pathlib
import reprlib
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

WORDS = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
    os.PathLike: "the path of a file",
    Sequence: "a list",
    Iterable: "a list",
    Callable: "a function",
}
_ADVICE = {
    "RegionSet": ", such as regions.enumerate_regions gives",
    "RegionTable": ", such as regions.enumerate_regions gives",
    "Property": ", such as regions.Property.largest gives",
}


def kinds_checked(function: Callable[P, R]) -> Callable[P, R]:
    """Raise a `TypeError` that says what is wrong, where annotations are plain.

    Checked are numbers, texts, truth values, paths, functions and classes of this
    project, and unions of them; arrays and models have checks of their own.

    Example:
        >>> @kinds_checked
        ... def double(times: int | None = None) -> None: ...
        >>> try:
        ...     double("often")
        ... except TypeError as error:
        ...     print(error)
        `times` is 'often': a whole number or None is required.
    """
    parameters = inspect.signature(function).parameters.values()
    checked = {p.name: _plain(p.annotation) for p in parameters}
    names = [p.name for p in parameters]

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            kinds = checked.get(name)
            if kinds and not any(_is(value, kind) for kind in kinds):
                raise TypeError(_sentence(name, value, kinds))
        return function(*args, **kwargs)

    return call


def _plain(annotation: Any) -> tuple[type, ...]:
    """The kinds of a parameter; none where one of them is not plain."""
    parts = (annotation,)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = typing.get_args(annotation)
    kinds = [_outer(part) for part in parts]
    known = (*WORDS, type(None))
    if not all(k in known or _is_ours(k) or _is_number(k) for k in kinds):
        return ()
    return tuple(kinds)


def _outer(kind: Any) -> Any:
    """A kind without what it holds; a path is any path."""
    outer = typing.get_origin(kind)
    if kind is pathlib.Path or outer is os.PathLike:
        return os.PathLike
    return outer if outer in (Sequence, Iterable, Callable) else kind


def _is_ours(kind: Any) -> bool:
    return isinstance(kind, type) and kind.__module__.startswith("regions.")


def _is_number(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, numbers.Number)


def _is(value: Any, kind: type) -> bool:
    """Whether a value serves as one of a kind: numbers of NumPy and JAX do, too."""
    if kind is float:
        return _is_scalar(value, "__float__")
    if kind is int:
        return _is_scalar(value, "__index__")
    if kind in (Sequence, Iterable):
        parts = ("__len__", "__getitem__") if kind is Sequence else ("__iter__",)
        is_listed = all(hasattr(value, part) for part in parts)
        return is_listed and not isinstance(value, str | dict)
    if kind is bool:
        return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")
    return isinstance(value, kind)


def _is_scalar(value: Any, method: str) -> bool:
    # True is no number, though Python has it for one.
    is_other = isinstance(value, str) or _is(value, bool)
    return not is_other and hasattr(value, method) and not _size(value)


def _size(value: Any) -> int:
    """Number of axes of an array; 0 for a number."""
    return len(getattr(value, "shape", ()))


def _sentence(name: str, value: Any, kinds: tuple[type, ...]) -> str:
    """What was found, and what is required."""
    # A number is said once, and that a path may be a text goes without saying.
    wider = {int: float, Fraction: float, str: os.PathLike}
    words = [
        WORDS.get(kind, "None" if kind is type(None) else f"a {kind.__name__}")
        for kind in kinds
        if wider.get(kind) not in kinds
    ]
    advice = "".join(_ADVICE.get(kind.__name__, "") for kind in kinds)
    wanted = " or ".join(dict.fromkeys(words))
    return f"`{name}` is {found(value)}: {wanted} is required{advice}."


def found(value: Any) -> str:
    """A value in few words, on one line.

    Example:
        >>> found("a"), found([1, 2]), found(object())
        ("'a'", '[1, 2]', 'of type object')
    """
    if value is None or isinstance(value, str | bytes | int | float | list | tuple):
        return " ".join(reprlib.repr(value).split())
    return f"of type {type(value).__name__}"
