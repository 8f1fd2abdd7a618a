"""A polytope for people and for other programs: text, JSON, `.ine`, LaTeX.

`.ine` is the H-file of cdd and lrs, which polymake and Sage read, too: one line
`b -a_1 ... -a_d` per inequality `a . x <= b`. Its numbers are exact: every row is a row
of integers, the true one times a positive number.
"""

import json
import math
from typing import Any

import numpy as np

from regions.lp.exact_rows import primitive
from regions.network import ReluNetwork
from regions.polytopes.report import HULL_DIM, SHAPE_DIM, Inequality, PolytopeReport

MAX_TERMS = 6
"""Longer rows are shortened in text."""
_DIGITS = 4


def hash_code(network: ReluNetwork, pattern: np.ndarray) -> str:
    """Bits layer by layer, e.g. `1011|01`; units without a kink have none."""
    parts, start = [], 0
    for layer in network.hidden:
        stop = start + int(layer.kinks.sum())
        parts.append("".join("01"[int(v)] for v in pattern[start:stop]))
        start = stop
    return "|".join(parts)


def to_ine(report: PolytopeReport) -> str:
    """An H-file with one exact row per facet; comments say which unit each is."""
    dim = len(report.x)
    lines = [f"* region {hash_code(report.network, report.pattern)}"]
    lines += [
        f"* row {k}: {f.name}" for k, f in enumerate(report.inequalities, start=1)
    ]
    lines += ["H-representation", "begin"]
    lines.append(f"{len(report.inequalities)} {dim + 1} integer")
    for facet in report.inequalities:
        *a, b = primitive(facet.integers)
        lines.append(" ".join(str(v) for v in [b, *(-v for v in a)]))
    return "\n".join([*lines, "end", ""])


def to_json(report: PolytopeReport) -> str:
    """Everything, machine-readable; integers of rows as strings, exactly."""
    data: dict[str, Any] = {
        "point": report.x.tolist(),
        "hash_code": hash_code(report.network, report.pattern),
        "affine_map": {
            "jacobian": report.affine_map.jacobian.tolist(),
            "offset": report.affine_map.offset.tolist(),
        },
        "on_boundary": report.meeting is not None,
    }
    if report.meeting is not None:
        data["units_at_zero"] = [list(unit) for unit in report.meeting.units]
        data["regions_that_meet"] = [
            hash_code(report.network, pattern) for pattern in report.meeting.patterns
        ]
    else:
        data["rows"] = report.num_rows
        data["facets"] = [_facet_json(report, f) for f in report.inequalities]
        data["recession"] = _recession_json(report)
        data.update(_shape_json(report))
    return json.dumps(data, indent=1)


def _facet_json(report: PolytopeReport, facet: Inequality) -> dict[str, Any]:
    """One facet."""
    neighbor = facet.neighbor
    return {
        "name": facet.name,
        "unit": None if facet.unit is None else list(facet.unit),
        "domain_facet": facet.domain_facet,
        "a": facet.a.tolist(),
        "b": facet.b,
        "integers": [str(v) for v in primitive(facet.integers)],
        "distance": facet.distance,
        "point": facet.point.tolist(),
        "neighbor": None if neighbor is None else hash_code(report.network, neighbor),
        "jacobian_change": facet.jump,
        "rank_of_change": facet.rank,
    }


def _shape_json(report: PolytopeReport) -> dict[str, Any]:
    """Ball, bounds, volume and vertices, as far as the dimension allows; else None."""
    polytope = report.polytope
    names = ("ball", "bounded", "bounds", "volume", "vertices")
    shape: dict[str, Any] = dict.fromkeys(names)
    if polytope is None or polytope.dim > SHAPE_DIM:
        return shape
    center, radius = polytope.chebyshev
    shape["ball"] = {
        "center": center.tolist(),
        "radius": radius if math.isfinite(radius) else None,
    }
    shape["bounded"] = polytope.is_bounded
    if report.recession is not None and report.recession.rays is not None:
        shape["bounded"] = report.recession.is_trivial
    shape["bounds"] = [
        [v if math.isfinite(v) else None for v in corner.tolist()]
        for corner in polytope.bounds
    ]
    closed = report.recession is None or report.recession.is_trivial
    if closed and polytope.is_bounded and polytope.dim <= HULL_DIM:
        shape["volume"] = polytope.volume()
        shape["vertices"] = polytope.vertices().tolist()
    return shape


def _recession_json(report: PolytopeReport) -> dict[str, Any] | None:
    """The recession cone."""
    cone = report.recession
    if cone is None:
        return None

    def exact(vectors: tuple | None) -> list | None:
        return None if vectors is None else [[str(v) for v in u] for u in vectors]

    return {
        "lineality": exact(cone.lineality),
        "rays": exact(cone.rays),
        "direction": None
        if cone.direction is None
        else [str(v) for v in cone.direction],
    }


def to_latex(report: PolytopeReport) -> str:
    """The inequalities as an `align*` block, numbers rounded to four digits."""
    lines = [
        f"% region {hash_code(report.network, report.pattern)}",
        r"\begin{align*}",
    ]
    for facet in report.inequalities:
        terms = _terms(facet.a, "x_{{{}}}", r" \cdot ", len(facet.a))
        name = facet.name
        lines.append(rf"{terms} &\le {_latex_number(facet.b)} && \text{{{name}}} \\")
    return "\n".join([*lines, r"\end{align*}", ""])


def _latex_number(value: float) -> str:
    """A rounded number with a power of ten where it needs one."""
    text = f"{value:.{_DIGITS}g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def _terms(a: np.ndarray, variable: str, times: str, limit: int) -> str:
    """`0.5 x1 - 2 x3`, shortened to the largest terms."""
    nonzero = np.flatnonzero(a)
    shown = nonzero
    if len(nonzero) > limit:
        largest = np.argsort(-np.abs(a[nonzero]), kind="stable")[:limit]
        shown = np.sort(nonzero[largest])
    parts = []
    for k in shown.tolist():
        size = abs(float(a[k]))
        number = _latex_number(size) if "{" in variable else f"{size:.{_DIGITS}g}"
        sign = "-" if a[k] < 0 else "+"
        parts.append(f"{sign} {number}{times}{variable.format(k + 1)}")
    if len(shown) < len(nonzero):
        parts.append(f"+ ({len(nonzero) - len(shown)} more)")
    text = " ".join(parts) or "0"
    return text.removeprefix("+ ")


def inequality_text(facet: Inequality) -> str:
    """One readable line: `0.5 x1 - 2 x3 <= 1`."""
    return f"{_terms(facet.a, 'x{}', ' ', MAX_TERMS)} <= {facet.b:.{_DIGITS}g}"
