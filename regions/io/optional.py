"""Packages that only some readers need."""

import importlib
from typing import Any


def require(module: str, extra: str, what: str) -> Any:
    """The module, or one line that says how to install it.

    Args:
        module: Name to import.
        extra: Name of the extra of this project that brings it.
        what: What needs it, e.g. `".onnx files"`.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"Working with {what} needs the package {module!r} ({error}): run "
            f"pip install -e '.[{extra}]'"
        ) from error
