"""A hash table and the use of regions as lines for a reader."""

import numpy as np

from regions.hash_tables.files import code_text, function_text
from regions.hash_tables.hash_table import HashTable
from regions.hash_tables.utilization import Utilization

MAX_OUTPUTS = 3
"""Ranges of more outputs are not shown."""


def table_lines(table: HashTable, rows: int, ids: int) -> list[str]:
    """The codes with most points: function, points, range of each output, point ids.

    Args:
        table: What to show.
        rows: Number of codes shown.
        ids: Number of points named per code.
    """
    shown = _most_used(table, rows)
    lines = [_code_line(table, code, ids) for code in shown]
    if len(table) > rows:
        lines.append(f"... and {len(table) - rows} codes more")
    return lines


def _most_used(table: HashTable, rows: int) -> list[int]:
    """Codes with most points, the first of equals first."""
    return np.argsort(-table.counts, kind="stable")[:rows].tolist()


def _code_line(table: HashTable, code: int, ids: int) -> str:
    """One code."""
    members = table.ids(code)
    named = " ".join(map(str, members[:ids].tolist()))
    ends = zip(table.lower[code], table.upper[code], strict=True)
    ranges = "  ".join(f"[{a:.4g}, {b:.4g}]" for a, b in list(ends)[:MAX_OUTPUTS])
    more = " ..." if table.network.output_dim > MAX_OUTPUTS else ""
    return (
        f"{code_text(table.network, table.bits[code])}"
        f"{' ' if table.occupied[code] else '*'} -> "
        f"f{table.functions[code] + 1:<5d} {table.counts[code]:>7d} points  "
        f"output {ranges}{more}  ids {named}{' ...' if len(members) > ids else ''}"
    )


def function_lines(table: HashTable, rows: int) -> list[str]:
    """Formulas of the functions of the codes shown; and how many codes share each."""
    lines, codes_of = [], np.bincount(table.functions)
    for function in np.unique(table.functions[_most_used(table, rows)]):
        code = int(np.flatnonzero(table.functions == function)[0])
        formulas = ", ".join(function_text(table, code))
        share = codes_of[function]
        note = f"   (shared by {share} codes)" if share > 1 else ""
        lines.append(f"f{function + 1}(x) = {formulas}{note}")
    return lines


def total_line(table: HashTable) -> str:
    """Points, codes and maps, and how evenly the points are spread."""
    return (
        f"{len(table.points):,} points, {len(table):,} codes, "
        f"{table.num_functions:,} affine maps; entropy {table.entropy:.3f} bits, Gini "
        f"{table.gini:.3f}"
    )


def utilization_lines(found: Utilization) -> list[str]:
    """The numbers of regions, from possible to occupied."""
    exact = found.exact
    stopped = exact.stats.get("stopped", "stopped early")
    kind = "all" if exact.complete else f"at least; {stopped}"
    rows = [
        ("possible codes, 2^n", _large(found.possible), f"n = {found.bits}"),
        ("upper bound", _large(found.bound), found.bound_name),
        ("regions in the domain", f"{int(exact):,}", f"{kind}; {exact.method}"),
    ]
    if found.grid is not None:
        size = " x ".join(map(str, found.grid.resolution))
        rows.append(("met by the grid", f"{int(found.grid):,}", size))
    rows.append(("occupied by data", f"{found.occupied:,}", f"{found.points:,} points"))
    if found.gini_of_regions is not None:
        note = "points per region, empty ones too"
        rows.append(("Gini over all regions", f"{found.gini_of_regions:.3f}", note))
    return [f"{name:<22}{value:>14}   {note}" for name, value, note in rows]


def _large(number: int) -> str:
    """An integer in full while it is short."""
    return f"{number:,}" if number < 10**12 else f"~10^{len(str(number)) - 1}"
