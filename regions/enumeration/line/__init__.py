"""One dimension: the breakpoints of a network along a segment or a line, exactly.

`engine` is the entry. `cutting` inserts one layer after another, on `values` in float64
with proved bounds; what these leave open is settled on `exact_forms`, in integers.
"""

from regions.enumeration.line.engine import Line, cut_line, inside

__all__ = ["Line", "cut_line", "inside"]
