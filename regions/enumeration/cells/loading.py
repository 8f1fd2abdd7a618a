"""Which form of the walk runs: compiled, or plain while compiling does not pay."""

from collections.abc import Callable

from regions.compiled.switch import Kernels
from regions.enumeration.cells import plane

KERNELS = Kernels(
    "regions.enumeration.cells",
    "regions.enumeration.cells.exercise:exercise",
    speedup=100.0,
)


def choose_run() -> tuple[Callable[..., int], bool]:
    """The walk, and whether it is compiled."""
    module = KERNELS.load("compiled")
    return (plane.run, False) if module is None else (module.run, True)
