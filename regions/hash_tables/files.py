"""A hash table as text, CSV and `.npz`."""

import csv
import io
import pathlib

import numpy as np

from regions.files.writing import write_arrays, write_text
from regions.hash_tables.hash_table import HashTable
from regions.results.code_text import code_text

SCHEMA = 1
"""Version of the `.npz` layout."""


def function_text(table: HashTable, code: int) -> list[str]:
    """The affine map of a code, one formula per output.

    Example:
        >>> from regions.hash_tables.hash_table import hash_table
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([[[1.0], [2.0]], [[1.0, -3.0]]], None)
        >>> function_text(hash_table(net, np.array([[1.0]])), 0)
        ['-5 x1']
    """
    jacobians, offsets = table.affine_maps(np.array([code]))
    return [
        _formula(row, constant)
        for row, constant in zip(jacobians[0], offsets[0], strict=True)
    ]


def write_csv(path: str | pathlib.Path, table: HashTable) -> None:
    """One row per code: code, points, function, output range, map, ids.

    The file is whole or not written. Numbers read back bit for bit.
    """
    outputs, dim = table.network.output_dim, table.network.input_dim
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = ["code", "points", "inside", "function"]
    header += [f"{end}_{k}" for k in range(outputs) for end in ("lower", "upper")]
    for k in range(outputs):
        header += [*(f"A_{k}_{j}" for j in range(dim)), f"c_{k}"]
    writer.writerow([*header, "ids"])
    bits, occupied = table.bits, table.occupied
    for code in range(len(table)):
        jacobian, offset = (m[0] for m in table.affine_maps(np.array([code])))
        ends = np.stack([table.lower[code], table.upper[code]], axis=1).ravel()
        entries = np.column_stack([jacobian, offset]).ravel()
        writer.writerow(
            [
                code_text(table.network, bits[code]),
                int(table.counts[code]),
                int(occupied[code]),
                f"f{table.functions[code] + 1}",
                *map(repr, [*ends.tolist(), *entries.tolist()]),
                " ".join(map(str, table.ids(code).tolist())),
            ]
        )
    write_text(path, text.getvalue())


def write_npz(path: str | pathlib.Path, table: HashTable) -> None:
    """Every array of the table, and the affine maps; `schema` is the layout's version.

    Keys: `bits`, `codes` (of the points), `counts`, `inside`, `functions`, `lower`,
    `upper`, `A`, `c`.
    """
    jacobians, offsets = table.affine_maps()
    write_arrays(
        path,
        schema=np.array(SCHEMA),
        bits=table.bits,
        codes=table.codes,
        counts=table.counts,
        inside=table.inside,
        functions=table.functions,
        lower=table.lower,
        upper=table.upper,
        A=jacobians,
        c=offsets,
    )


def _formula(row: np.ndarray, constant: float) -> str:
    """`2 x1 - 0.5 x3 + 1`, numbers to four digits; terms of 0 are left out."""
    terms = [(float(v), f" x{j + 1}") for j, v in enumerate(row) if v != 0.0]
    if constant != 0.0 or not terms:
        terms.append((float(constant), ""))
    text = ""
    for value, name in terms:
        sign = "-" if value < 0.0 else "+"
        if text:
            text += f" {sign} "
        elif value < 0.0:
            text = "-"
        text += f"{abs(value):.4g}{name}"
    return text
