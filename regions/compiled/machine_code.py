"""The compiler's files, each with a digest of itself at its end."""

import contextlib
import hashlib
import logging
import pathlib
import threading
from collections.abc import Iterator
from typing import Any

from numba.core import caching, config

from regions.compiled.cache import LoadingStoppedError, put_aside

_DIGEST = hashlib.sha256().digest_size


class CheckedCache(caching.FunctionCache):
    """The compiled forms of one function on disk; damage there is no error.

    Args:
        function: The function.
        folder: Where its code is kept, with that of others.
    """

    def __init__(self, function: Any, folder: pathlib.Path):
        with _kept_in(folder):
            super().__init__(function)
        old = self._cache_file
        self._cache_file = _CheckedFiles(
            folder, pathlib.Path(old._index_path), old._source_stamp
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for one signature, if there is any."""
        if not threading.main_thread().is_alive():
            raise LoadingStoppedError
        return super().load_overload(sig, target_context)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for one signature, where that can be done."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            logging.getLogger(__name__).info("compiled code is not kept: %s", error)
            self.disable()


class _CheckedFiles(caching.IndexDataCacheFile):
    """An index and its data files, each with a digest at its end."""

    def __init__(self, folder: pathlib.Path, index: pathlib.Path, stamp: Any):
        super().__init__(str(index.parent), index.stem, stamp)
        self._folder = folder

    def _load_index(self) -> Any:
        if not self._is_whole(pathlib.Path(self._index_path)):
            return {}
        return super()._load_index()

    def _load_data(self, name: str) -> Any:
        if not self._is_whole(pathlib.Path(self._data_path(name))):
            return None
        return super()._load_data(name)

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[Any]:
        with super()._open_for_write(filepath) as file:
            digested = _Digested(file)
            yield digested
            file.write(digested.digest.digest())

    def _is_whole(self, path: pathlib.Path) -> bool:
        """Whether there is a file that ends with its own digest."""
        try:
            data = path.read_bytes()
        except OSError:
            return False
        if hashlib.sha256(data[:-_DIGEST]).digest() == data[-_DIGEST:]:
            return True
        put_aside(self._folder, path)
        return False


class _Digested:
    """A file that is written to, and the digest of what was written."""

    def __init__(self, file: Any):
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write some bytes."""
        self.digest.update(data)
        return self._file.write(data)


@contextlib.contextmanager
def _kept_in(folder: pathlib.Path) -> Iterator[None]:
    """What is declared inside keeps its machine code in a folder."""
    settings: Any = config
    names = ("CACHE_DIR", "CACHE_LOCATOR_CLASSES")
    before = {name: getattr(settings, name, "") for name in names}
    settings.CACHE_DIR = str(folder)
    settings.CACHE_LOCATOR_CLASSES = "UserProvidedCacheLocator"
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
