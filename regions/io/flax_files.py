"""Arrays in files of Flax: `.msgpack`, and folders of Orbax.

Both hold a tree of arrays, which is given as pairs of a place and an array. A tree that
keeps its parameters beside the state of an optimizer is read for its parameters.
"""

import contextlib
import logging
import math
import pathlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgpack
import numpy as np

from regions.errors import FileFormatError
from regions.files.reading import check_file_size, check_size, reading
from regions.io.pytree import Leaf

_ARRAY, _SCALAR = 1, 3
"""Kinds of entries that Flax adds to msgpack: arrays and single numbers."""

_CHUNKS = "__msgpack_chunked_array__"
_DEPTH = 64
_PARAMETERS = ("params", "model")
"""Where a tree keeps what is trained, if it keeps other things, too."""


def load_msgpack(path: pathlib.Path, *, max_bytes: int) -> list[Leaf]:
    """The arrays in a file that `flax.serialization.to_bytes` wrote.

    Raises:
        FileFormatError: If the file is damaged, or larger than `max_bytes`.
    """
    advice = "write flax.serialization.to_bytes(params) to it"
    error = msgpack.exceptions.UnpackException
    with reading(path, "a .msgpack file of Flax", advice, error):
        # An entry of one byte takes eight as an object, and is no weight.
        check_file_size(path, max_bytes // 8)

        def unpack(kind: int, data: bytes) -> Any:
            if kind not in (_ARRAY, _SCALAR):
                raise ValueError(f"an entry of kind {kind} is neither array nor number")
            shape, name, content = msgpack.unpackb(
                data, max_array_len=64, max_map_len=0, max_ext_len=0
            )
            return _array(shape, name, content)

        tree = msgpack.unpackb(
            path.read_bytes(),
            ext_hook=unpack,
            strict_map_key=False,
            max_array_len=100_000,
            max_map_len=100_000,
        )
        leaves: list[Leaf] = [*_leaves(_parameters(tree), ())]
        check_size(path, sum(8 * leaf.size for _, leaf in leaves), max_bytes)
        return leaves


def _array(shape: Any, name: Any, content: bytes) -> np.ndarray:
    """An array from its parts."""
    name = name.decode() if isinstance(name, bytes) else name
    if name == "bfloat16":
        import ml_dtypes  # comes with JAX

        dtype = np.dtype(ml_dtypes.bfloat16)
    else:
        dtype = np.dtype(name)
        if dtype.kind not in "fiub" or dtype.itemsize > 8:
            raise ValueError(f"an array has dtype {dtype}; real numbers are required")
    if math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(f"an array of shape {shape} has {len(content)} bytes")
    return np.frombuffer(content, dtype).reshape(shape)


def _leaves(tree: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The arrays of a tree with their places."""
    if len(place) > _DEPTH:
        raise ValueError(f"arrays lie deeper than {_DEPTH} levels")
    if isinstance(tree, Mapping) and _CHUNKS in tree:
        parts = [np.ravel(part) for _, part in sorted(_numbered(tree["chunks"]))]
        shape = [int(n) for _, n in sorted(_numbered(tree["shape"]))]
        yield place, np.concatenate(parts).reshape(shape)
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, (*place, str(key)))
    elif isinstance(tree, list | tuple):
        for index, value in enumerate(tree):
            yield from _leaves(value, (*place, str(index)))
    elif isinstance(tree, np.ndarray):
        yield place, tree
    elif tree is not None and not isinstance(tree, int):
        raise ValueError(f"{'.'.join(place)} is no array but {type(tree).__name__}")


def _numbered(parts: Mapping[Any, Any]) -> list[tuple[int, Any]]:
    """Entries under the numbers 0, 1, ..."""
    return [(int(key), value) for key, value in parts.items()]


def _parameters(tree: Any) -> Any:
    """The part of a tree that is trained; all of it if it does not say."""
    for name in _PARAMETERS:
        if isinstance(tree, Mapping) and isinstance(tree.get(name), Mapping):
            tree = tree[name]
    return tree


def load_orbax(path: pathlib.Path, *, max_bytes: int) -> list[Leaf]:
    """The arrays in a folder that Orbax wrote.

    Raises:
        FileFormatError: If the folder is damaged, or holds more than `max_bytes`.
    """
    # Here, since it takes seconds to load.
    import orbax.checkpoint

    folder = path / "default" if (path / "default").is_dir() else path
    with (
        reading(path, "a checkpoint of Orbax", "save it again"),
        quiet_orbax(),
        orbax.checkpoint.PyTreeCheckpointer() as checkpointer,
    ):
        described = checkpointer.metadata(folder.absolute())
        described = getattr(described, "item_metadata", described)
        described = getattr(described, "tree", described)
        sizes = [math.prod(leaf.shape) for leaf in _described(described)]
        check_size(path, 8 * sum(sizes), max_bytes)
        # As arrays of NumPy, which lie on no device.
        plain = orbax.checkpoint.RestoreArgs(restore_type=np.ndarray)
        how = _replaced(described, plain)
        found = checkpointer.restore(folder.absolute(), restore_args=how)
        tree = _host(_parameters(found))
        return [*_leaves(tree, ())]


_LOGS = ("absl", "asyncio", "concurrent.futures")


@contextlib.contextmanager
def quiet_orbax() -> Iterator[None]:
    """Keep Orbax from writing of what fails, which is said in one line."""
    logs = [logging.getLogger(name) for name in _LOGS]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    if not isinstance(sys.unraisablehook, _PassOverLateArrays):
        sys.unraisablehook = _PassOverLateArrays(sys.unraisablehook)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


class _PassOverLateArrays:
    """Lets nothing be written of arrays that were being read beside one that failed.

    They come to an end when Orbax has closed its event loop, and each fails at that in
    a thread of the library, where nobody catches it.
    """

    def __init__(self, tell: Callable[[Any], object]):
        self._tell = tell

    def __call__(self, what: Any) -> None:
        """Tell of what was raised, if it is something else."""
        late = isinstance(what.exc_value, RuntimeError)
        if not (late and str(what.exc_value) == "Event loop is closed"):
            self._tell(what)


def _described(tree: Any) -> Iterator[Any]:
    """Descriptions of all arrays of a tree.

    Raises:
        ValueError: If a name would lead out of the folder.
    """
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            if ".." in str(key) or str(key).startswith("/"):
                raise ValueError(f"an array is called {str(key)!r}")
            yield from _described(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _described(value)
    elif hasattr(tree, "shape"):
        yield tree


def _replaced(tree: Any, leaf: Any) -> Any:
    """A tree of the same shape with one thing in the place of all arrays."""
    if isinstance(tree, Mapping):
        return {key: _replaced(value, leaf) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_replaced(value, leaf) for value in tree]
    return leaf


def _host(tree: Any) -> Any:
    """A tree with its arrays as NumPy has them."""
    if isinstance(tree, Mapping):
        return {key: _host(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_host(value) for value in tree]
    if hasattr(tree, "shape") and hasattr(tree, "dtype"):
        return np.asarray(tree)
    if tree is None or isinstance(tree, int):
        return tree
    raise FileFormatError(f"it holds a {type(tree).__name__} and arrays are required")
