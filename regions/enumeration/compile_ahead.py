"""Compiling everything ahead of the first count.

What is not compiled yet is compiled beside the first work that is long enough, and
counting is slower until then.
"""

from collections.abc import Callable

from regions.compiled.cache import holds_code, is_writable
from regions.enumeration.cells.loading import KERNELS as CELLS
from regions.enumeration.cells.space.loading import KERNELS as SPACE
from regions.enumeration.restriction.loading import KERNELS as RESTRICTION
from regions.enumeration.tree.loading import KERNELS as TREE

IN_ORDER = (CELLS, SPACE, TREE, RESTRICTION)
"""What is asked for most comes first."""


def compile_ahead(tell: Callable[[str], None]) -> None:
    """Compile what the disk does not hold.

    Args:
        tell: Called with the name of each package before it is compiled.

    Raises:
        OSError: If there is no place where the code can be kept.
    """
    for kernels in IN_ORDER:
        if not is_writable(kernels.package):
            raise OSError(
                "no folder for compiled code can be written to: set NUMBA_CACHE_DIR "
                "to one that can."
            )
        if not holds_code(kernels.package):
            tell(kernels.package)
            kernels.compile_whole()
