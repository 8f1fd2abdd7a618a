"""Why a run ended, and what it took: typed, and readable as a mapping of facts."""

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from typing import Any


class Stop(enum.Enum):
    """Why an enumeration ended.

    The values are the words with which the fact `stopped` of its statistics begins.
    """

    FINISHED = "finished"
    """Nothing was left to find."""
    REGIONS = "max_regions"
    """As many regions were known as were asked for."""
    SECONDS = "max_seconds"
    """The time was over."""
    BYTES = "max_bytes"
    """The memory that it may take was full."""
    INTERRUPTED = "interrupted"
    """The caller's `stop` said so, after Ctrl-C for instance."""

    @classmethod
    def of(cls, complete: bool, stats: Mapping[str, Any]) -> "Stop | None":
        """Why a run with these statistics ended; None if that was not kept.

        Example:
            >>> Stop.of(False, {"stopped": "max_regions=10 reached"})
            <Stop.REGIONS: 'max_regions'>
        """
        if complete:
            return cls.FINISHED
        word = str(stats.get("stopped", "")).partition("=")[0]
        return next((stop for stop in cls if stop.value == word), None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics(Mapping[str, Any]):
    """What a run did: the fields that are known, also as a mapping by name.

    Each engine has its own kind, with a field `SOMETHING_seconds` for each of its
    stages. A field that is None is left out of the mapping.

    Attributes:
        why: Why this engine was chosen.
        stopped: Why the run ended early, in words that begin with a value of `Stop`.

    Example:
        >>> stats = Statistics(why="asked for")
        >>> stats["why"], dict(stats)
        ('asked for', {'why': 'asked for'})
    """

    why: str | None = None
    stopped: str | None = None

    def _names(self) -> list[str]:
        """Names of the fields that are known; those of every run come last."""
        names = [field.name for field in dataclasses.fields(self)]
        first = [name for name in names if name not in ("why", "stopped")]
        known = [*first, "stopped", "why"]
        return [name for name in known if getattr(self, name) is not None]

    def __getitem__(self, name: str) -> Any:
        if name not in self._names():
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())
