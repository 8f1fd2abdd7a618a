"""What a verification found: one line per check."""

import dataclasses
from collections.abc import Callable


class Wrong(Exception):  # noqa: N818  (ends a check; its text says where)
    """What is wrong, and where."""


Progress = Callable[[int, int, str], None]
"""Called with (done, in all, what is being checked)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One property that was looked at.

    Attributes:
        name: The property.
        passed: Whether it holds; None if it was not checked.
        detail: How it was checked, or what is wrong, naming region, unit or facet.
    """

    name: str
    passed: bool | None
    detail: str

    @property
    def verdict(self) -> str:
        """`"ok"`, `"FAILED"` or `"not checked"`."""
        if self.passed is None:
            return "not checked"
        return "ok" if self.passed else "FAILED"


def tried(name: str, check: Callable[[], str]) -> Check:
    """What a check says; or that it failed, and where."""
    try:
        return Check(name, True, check())
    except (Wrong, ValueError, LookupError, TypeError, ZeroDivisionError) as error:
        return Check(name, False, str(error))


@dataclasses.dataclass(frozen=True, slots=True)
class VerificationReport:
    """All checks of one region set.

    Attributes:
        checks: The checks, in order.
        exact: Whether they were made in exact arithmetic.
        claims_complete: Whether the set says that no region is missing.
        seconds: Wall time.
        stopped: Why it ended before all was checked; None if it did not.
        subject: What was checked: regions, or an answer.

    Example:
        >>> import numpy as np
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([np.eye(2), [[1, 1]]], None)
        >>> report = regions.verify(regions.enumerate_regions(net, regions.Box.cube(2)))
        >>> report.ok
        True
    """

    checks: tuple[Check, ...]
    exact: bool
    claims_complete: bool
    seconds: float
    stopped: str | None = None
    subject: str = "regions"

    @property
    def ok(self) -> bool:
        """Whether nothing that was checked failed; see `complete` for the rest."""
        return all(check.passed is not False for check in self.checks)

    @property
    def complete(self) -> bool:
        """Whether everything holds and no region is missing, which was checked."""
        return (
            self.ok
            and self.stopped is None
            and any(c.name == "completeness" and c.passed for c in self.checks)
        )

    @property
    def failures(self) -> list[str]:
        """One line per check that failed."""
        return [f"{c.name}: {c.detail}" for c in self.checks if c.passed is False]

    def __repr__(self) -> str:
        passed = sum(check.passed is True for check in self.checks)
        return (
            f"VerificationReport(ok={self.ok}, complete={self.complete}, "
            f"{passed} of {len(self.checks)} checks)"
        )

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        kind = "exact arithmetic" if self.exact else "float64"
        width = max((len(check.name) for check in self.checks), default=0)
        lines = [
            f"{check.name:<{width}}  {check.verdict:<11}  {check.detail}"
            for check in self.checks
        ]
        if not self.ok:
            last = "FAILED"
        elif self.stopped is not None:
            last = f"ok as far as checked; stopped: {self.stopped}"
        elif self.subject == "answer":
            last = "ok: the answer is proved"
        elif self.complete:
            last = (
                "ok: exactly the regions of the network"
                if self.exact
                else "ok as far as float64 shows; exact=True proves it"
            )
        elif self.claims_complete:
            last = "ok as far as checked; completeness not checked"
        else:
            last = "ok; the set claims no completeness"
        return "\n".join([*lines, f"{last} ({kind}, {self.seconds:.3g} s)"])
