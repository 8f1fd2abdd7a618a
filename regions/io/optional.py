"""Packages that only some of the work needs.

pip takes this package itself as it is installed, from a wheel or a checkout, and adds
what the extra names.
"""

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
            f"pip install 'relu-regions[{extra}]'"
        ) from error
