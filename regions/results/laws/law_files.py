"""Laws as files: JSON that reads back, and `.mat` for MATLAB.

JSON, one object: `format`, `version`, `domain` (as all files of this project write it),
`complete`, and `regions`, a list of objects with `A`, `b`, `J` and `c`: where
`A t <= b`, the outputs are `J t + c`. All digits of float64 are kept.

A `.mat` file has a struct array `regions` with the fields `A`, `b`, `F` and `g`, in the
names of the Multi-Parametric Toolbox (MPT3): there `Polyhedron('A', A, 'b', b)` with
the function `AffFunction(F, g)` is a region, and a `PolyUnion` of them the network.
"""

import json
import pathlib
from typing import Any, NamedTuple

import numpy as np

from regions.domains.shapes import Domain, domain_from_dict
from regions.errors import FileFormatError
from regions.files.reading import MAX_BYTES, check_file_size, reading
from regions.files.writing import open_atomically, write_text

FORMAT, VERSION = "relu-regions law", 1


class Parts(NamedTuple):
    """What a law consists of; see `law.PiecewiseLaw`."""

    domain: Domain
    rows: tuple[tuple[np.ndarray, np.ndarray], ...]
    jacobians: np.ndarray
    offsets: np.ndarray
    complete: bool


def save_law(path: pathlib.Path, law: Parts) -> pathlib.Path:
    """Write a law as its name says.

    Raises:
        ValueError: If the name ends in neither `.json` nor `.mat`.
    """
    if path.suffix == ".json":
        write_text(path, json.dumps(_body(law), separators=(",", ":")))
    elif path.suffix == ".mat":
        import scipy.io

        with open_atomically(path) as file:
            scipy.io.savemat(file, {"regions": _structs(law)})
    else:
        raise ValueError(
            f"`path` is {path}: laws are saved as .json or .mat; rename it."
        )
    return path


def load_law(path: pathlib.Path, max_bytes: int = MAX_BYTES) -> Parts:
    """Read a law from JSON.

    Raises:
        FileFormatError: If the file is none, or is damaged.
        FileNotFoundError: If there is no such file.
    """
    with reading(path, "a saved law", "write it again with PiecewiseLaw.save"):
        check_file_size(path, max_bytes)
        body = json.loads(path.read_text("utf-8"))
        if body.get("format") != FORMAT or body.get("version") != VERSION:
            raise FileFormatError(f"{path} is not a saved law of version {VERSION}.")
        domain = domain_from_dict(body["domain"])
        parts = [_region(region, domain.dim) for region in body["regions"]]
        return Parts(
            domain,
            tuple((A, b) for A, b, _, _ in parts),
            np.array([J for _, _, J, _ in parts]),
            np.array([c for _, _, _, c in parts]),
            bool(body["complete"]),
        )


def _body(law: Parts) -> dict[str, Any]:
    """A law as JSON."""
    parts = zip(law.rows, law.jacobians, law.offsets, strict=True)
    return {
        "format": FORMAT,
        "version": VERSION,
        "domain": law.domain.to_dict(),
        "complete": law.complete,
        "regions": [
            {"A": A.tolist(), "b": b.tolist(), "J": J.tolist(), "c": c.tolist()}
            for (A, b), J, c in parts
        ],
    }


def _region(region: dict[str, Any], dim: int) -> tuple[np.ndarray, ...]:
    """Arrays of one region, whose shapes fit each other."""
    A, b, J, c = (np.array(region[name], np.float64) for name in "AbJc")
    A, J = A.reshape(len(b), dim), J.reshape(len(c), dim)
    if not all(np.isfinite(array).all() for array in (A, b, J, c)):
        raise ValueError("a number is not finite")
    return A, b, J, c


def _structs(law: Parts) -> np.ndarray:
    """A struct array, a column of regions."""
    table = np.empty((len(law.rows), 1), [(name, object) for name in "AbFg"])
    for k, ((A, b), F, g) in enumerate(
        zip(law.rows, law.jacobians, law.offsets, strict=True)
    ):
        table[k, 0] = A, b[:, None], F, g[:, None]
    return table
