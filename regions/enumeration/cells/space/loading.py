"""Which form of the loop runs: compiled, or plain while compiling does not pay."""

from collections.abc import Callable

from regions.compiled.switch import Kernels
from regions.enumeration.cells.space import kernel

KERNELS = Kernels(
    "regions.enumeration.cells.space",
    "regions.enumeration.cells.space.exercise:exercise",
    speedup=100.0,
)


def choose_advance() -> tuple[Callable[..., int], bool]:
    """The loop, and whether it is compiled."""
    module = KERNELS.load("compiled")
    return (kernel.advance, False) if module is None else (module.load(), True)
