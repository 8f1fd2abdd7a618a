"""Compiled forms of inner loops: when they are loaded, and where their code is kept.

`switch` decides between the compiled form of an engine and its plain one, `beside`
loads or compiles next to the work, `cache` says where machine code is kept on disk,
`machine_code` recovers from what happens to it there, and `jit` says how functions are
compiled. Both forms of an engine give the same results, bit by bit. `lanes` are
eight numbers at a time. `devices` says which of JAX's devices do a piece of work.
"""

import os

MODES = ("auto", "on", "off")
SWITCH = "RELU_REGIONS_COMPILED"
"""Environment variable: `on`, `off` or `auto`."""
LANES = 8
"""Numbers that `lanes` take at a time."""


def mode() -> str:
    """`auto`, or whether compiled code was asked for or forbidden.

    Raises:
        ValueError: If the environment variable says something else.
    """
    found = os.environ.get(SWITCH, "auto")
    if found not in MODES:
        raise ValueError(
            f"{SWITCH} is {found!r}: one of {', '.join(MODES)} is required."
        )
    return found
