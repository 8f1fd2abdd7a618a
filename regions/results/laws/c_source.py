"""A network on a domain as one file of C99: a search tree with an affine map a leaf."""

import os
import pathlib
import re
from collections.abc import Sequence

import numpy as np

from regions.domains.shapes import WholeSpace
from regions.errors.arguments import kinds_checked
from regions.files.writing import write_text
from regions.results.laws.search_tree import SearchTree, search_tree
from regions.results.region_table import RegionTable

MAX_REGIONS = 200_000
"""A file of more regions would have gigabytes."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")
_TAKEN = (
    "auto break case char const continue default do double else enum extern float for "
    "goto if inline int long main register restrict return short signed sizeof static "
    "struct switch typedef union unsigned void volatile while"
)
"""Words that C99 keeps, and the name of a program's beginning."""

_HEAD = """\
/* {what}
   written by relu-regions: {maps} affine maps below {nodes} nodes, depth {depth}.

   int {name}(const double t[{dim}], double y[{outputs}]);

   writes the outputs at t{chart} and returns 0; 1 where t lies outside of the domain,
   on which alone they are those of the network. All numbers are the float64 nearest to
   the exact ones, and sums are rounded: close to the border of two regions the map of
   either may be taken, which differ there by no more than rounding. */
"""

_BODY = """
{scope}int {name}(const double t[{dim}], double y[{outputs}]) {{
    int at = {root}, inside = 1;
    for (int i = 0; i < {walls}; i++) {{
        double s = 0.0;
        for (int k = 0; k < {dim}; k++) s += {name}_domain[i][k] * t[k];
        inside = inside && s <= {name}_domain[i][{dim}];
    }}
    while (at >= 0) {{
        double s = {name}_forms[at][{dim}];
        for (int k = 0; k < {dim}; k++) s += {name}_forms[at][k] * t[k];
        at = {name}_children[at][s > 0.0];
    }}
    for (int j = 0; j < {outputs}; j++) {{
        double s = {name}_maps[-1 - at][j][{dim}];
        for (int k = 0; k < {dim}; k++) s += {name}_maps[-1 - at][j][k] * t[k];
        y[j] = s;
    }}
    return !inside;
}}
"""


@kinds_checked
def save_c(
    path: str | os.PathLike[str], regions: RegionTable, *, name: str = "network"
) -> pathlib.Path:
    """Write a network on a domain as C99, self-contained; whole or not at all.

    A binary tree over the signs of affine forms leads to the affine map of a region:
    its depth is at most the number of units, and near the logarithm of the number of
    regions where they are spread evenly.

    Args:
        path: A name ending in `.c`, or in `.h` for a static function.
        regions: All regions, as `enumerate_regions` gives them; at most 200,000.
        name: Name of the function, with which those of its tables begin, too.

    Raises:
        IncompleteError: If a region may be missing.
        ValueError: If an argument does not fit.

    Example:
        >>> import tempfile
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([[[1.0]], [[2.0]]], None)
        >>> found = regions.enumerate_regions(net, regions.Box([-1], [1]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = save_c(f"{folder}/net.c", found)
        ...     print(file.read_text().splitlines()[1].strip())
        written by relu-regions: 2 affine maps below 1 nodes, depth 1.
    """
    path = pathlib.Path(path)
    if path.suffix not in (".c", ".h"):
        raise ValueError(f"`path` is {path}: a name ending in .c or .h is required.")
    if not _NAME.fullmatch(name) or name in _TAKEN.split():
        raise ValueError(
            f"`name` is {name!r}: a name of C that has no meaning yet is required, "
            "such as network."
        )
    if len(regions) > MAX_REGIONS:
        raise ValueError(
            f"there are {len(regions)} regions: at most {MAX_REGIONS} are written in "
            "C; take a smaller domain."
        )
    scope = "static " if path.suffix == ".h" else ""
    write_text(path, _source(search_tree(regions), regions, name, scope))
    return path


def _source(tree: SearchTree, regions: RegionTable, name: str, scope: str) -> str:
    """The text of the file."""
    domain, dim = regions.domain, regions.domain.dim
    walls = np.zeros((0, dim + 1))
    if not isinstance(domain, WholeSpace):
        A, b = domain.rows()
        walls = np.append(A, b[:, None], axis=1)
    chart = "" if domain.is_chart_identity else ", coordinates of the domain's chart,"
    values = {
        "what": f"{regions.network!r} on {_one_line(domain)}",
        "maps": len(tree.maps),
        "nodes": len(tree.forms),
        "depth": tree.depth,
        "name": name,
        "dim": dim,
        "outputs": regions.network.output_dim,
        "chart": chart,
        "scope": scope,
        "root": tree.root,
        "walls": len(walls),
    }
    tables = [
        _table("double", f"{name}_domain", walls),
        _table("double", f"{name}_forms", tree.forms),
        _table("int", f"{name}_children", tree.children),
        _table("double", f"{name}_maps", tree.maps),
    ]
    return "".join([_HEAD.format(**values), *tables, _BODY.format(**values)])


def _one_line(value: object) -> str:
    """The beginning of a representation, with nothing that would end a comment."""
    text = " ".join(repr(value).split()).replace("*/", "")
    return text if len(text) <= 60 else f"{text[:57]}..."


def _table(kind: str, name: str, array: np.ndarray) -> str:
    """A constant array; one row of zeros in place of none, which C does not allow."""
    if not len(array):
        array = np.zeros((1, *array.shape[1:]), array.dtype)
    sizes = "".join(f"[{size}]" for size in array.shape)
    rows = ",\n".join(_braces(row) for row in array.tolist())
    return f"\nstatic const {kind} {name}{sizes} = {{\n{rows}\n}};\n"


def _braces(row: Sequence) -> str:
    """Nested lists of numbers; all digits of float64."""
    parts = [_braces(v) if isinstance(v, list) else repr(v) for v in row]
    return "{" + ", ".join(parts) + "}"
