"""The installed command `relu-regions`, and the commands behind it.

Each module has a `main(arguments) -> exit code`. `scripts/` holds a door to each, for
those who work in a checkout; both are the same.
"""

import importlib
import importlib.metadata
import sys
from typing import NoReturn

from experiments.running.command_names import COMMANDS, nearest
from experiments.running.console import run_main
from experiments.running.interrupts import INTERRUPTED, leave


def program() -> NoReturn:
    """The installed program: `main`, then its exit code."""
    leave(main())


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the first argument names; exit code 2 if there is none."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # While the command was imported.
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED


def _run(words: list[str]) -> int:
    """What `main` does."""
    if not words or words[0] in ("-h", "--help", "help"):
        # The reader of a pipe may have seen enough.
        code = run_main(lambda: print(_overview(), flush=True))
        return code if words else 2
    if words[0] == "--version":
        print(importlib.metadata.version("relu-regions"))
        return 0
    name, *rest = words
    if name not in COMMANDS:
        hint = nearest(name, COMMANDS, "see relu-regions --help.")
        sys.stderr.write(f"error: {name!r} is no command: {hint}\n")
        return 2
    wants_help = "-h" in rest or "--help" in rest
    if name == "list" and not wants_help and not _has_file(rest):
        sys.stderr.write("error: list needs a file: --out regions.parquet, or .csv\n")
        return 2
    sys.argv[0] = f"relu-regions {name}"  # what usage and examples show
    module = importlib.import_module(f"{__name__}.{COMMANDS[name].module}")
    return module.main(rest)


def _has_file(words: list[str]) -> bool:
    """Whether a file is named to list regions to."""
    return any(word.split("=")[0] in ("--out", "--save") for word in words)


def _overview() -> str:
    """All commands, one a line."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {entry.about}" for name, entry in COMMANDS.items()]
    return "\n".join(
        [
            "usage: relu-regions COMMAND ...   (relu-regions COMMAND --help)",
            "",
            "Exact questions about the linear regions of ReLU networks.",
            "",
            *lines,
        ]
    )
