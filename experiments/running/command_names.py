"""Names of the commands of `relu-regions`, and how examples name them."""

import difflib
import re
import sys
from collections.abc import Iterable
from typing import NamedTuple


class Command(NamedTuple):
    """A command.

    Attributes:
        module: Its module here, and its name in `scripts/`.
        about: What it answers, in one line.
    """

    module: str
    about: str


COMMANDS = {
    "count": Command("count_regions", "how many regions a network has on a domain"),
    "list": Command("count_regions", "the same, with every region in a file (--out)"),
    "estimate": Command("estimate_regions", "how many, where nobody can list them"),
    "ask": Command("ask", "range, property, Lipschitz constant, radius: proved"),
    "verify": Command("verify", "is a list right and complete?"),
    "polytope": Command("polytope", "which inequalities and which map hold at a point"),
    "walk": Command("walk", "from region to region: lines, paths, around a point"),
    "topology": Command("topology", "how many components and holes has a class?"),
    "slice": Command("slice", "regions and classes on a plane through your data"),
    "grid": Command("hash_grid", "which regions a dense grid meets: a lower bound"),
    "table": Command("hash_table", "which codes a data set meets"),
    "simplify": Command("simplify", "a smaller network that is exactly equal"),
    "export": Command("export", "law, C, MPS, ONNX, PyTorch: for other programs"),
    "pieces": Command("count_pieces", "count on several workers, with a journal"),
    "compile": Command("compile_ahead", "compile the inner loops ahead of any count"),
    "atlas": Command("atlas", "one HTML file to look at all regions"),
    "movie": Command("movie", "how the regions move while a network learns"),
    "ring": Command("ring", "the first study: a network learns a black ring"),
    "study": Command("run_experiment", "any of the studies, by its name"),
    "scaling": Command("scaling_study", "counts over widths, depths and dimensions"),
}
"""Commands by their names."""


def nearest(word: str, words: Iterable[str], otherwise: str) -> str:
    """What may have been meant by a word that is none of some, or what else to do.

    Example:
        >>> nearest("cuont", COMMANDS, "see --help.")
        "did you mean 'count'?"
    """
    near = difflib.get_close_matches(word, words, 1)
    return f"did you mean {near[0]!r}?" if near else otherwise


def as_called(text: str) -> str:
    """Scripts in a text named as they are here: as the command, or as scripts.

    Example:
        >>> as_called("python scripts/verify.py r.parquet").split()[-1]
        'r.parquet'
    """
    own = own_name()
    if own is None:
        return text
    names = {command.module: name for name, command in reversed(COMMANDS.items())}
    if own in COMMANDS:
        names[COMMANDS[own].module] = own

    def command(match: re.Match[str]) -> str:
        name = names.get(match[1])
        return match[0] if name is None else f"relu-regions {name}"

    return re.sub(r"(?:python )?scripts/(\w+)\.py", command, text)


def own_name() -> str | None:
    """The command that runs, by its name; None if a script does.

    Example:
        >>> own_name() is None
        True
    """
    program, _, name = sys.argv[0].partition(" ")
    return name if program == "relu-regions" and name else None
