"""Answers as files that anybody can check: `regions.certificates.answers` does.

One JSON object: the network bit for bit, the domain, and for each search a *claim*: the
largest value of some goals lies between two rational ends. The lower end is the value
at a point; the upper one follows from a tree. A node of the tree splits a box by an
axis, or by the sign of a unit, or is a leaf with a bound and the multipliers that prove
it (`backward` says how). Rational numbers are texts "p/q"; a digest covers everything.
"""

import hashlib
import json
import os
import pathlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from flint import fmpq

from regions.files.writing import write_text
from regions.network import ReluNetwork
from regions.questions.answer import Answer, Interval
from regions.questions.exact_bounds import UnitBounds
from regions.questions.maxima import Maximum
from regions.questions.problem import Linear
from regions.questions.search import Proof, Split

FORMAT = "relu-regions answer"
VERSION = 1


class Trees(NamedTuple):
    """The searches that prove an answer, each with its tree."""

    searches: tuple[Maximum, ...]

    def save(self, path: str | os.PathLike[str], answer: Answer) -> pathlib.Path:
        """Write an answer and what proves it, whole or not at all.

        Raises:
            OSError: If the file cannot be written.
        """
        return _save(path, answer, self.searches)


def trees(*searches: Maximum) -> Trees | None:
    """What proves an answer; None where a search was settled by a list."""
    is_listed = any(found.search.is_listed for found in searches)
    return None if is_listed or not searches else Trees(searches)


def _save(
    path: str | os.PathLike[str], answer: Answer, searches: tuple[Maximum, ...]
) -> pathlib.Path:
    """The file."""
    problem = searches[0].search.problem
    body = {
        "format": FORMAT,
        "version": VERSION,
        "question": answer.question,
        "value": _value(answer.value),
        "network": _network(problem.network),
        "domain": problem.domain.to_dict(),
        "claims": [_claim(maximum) for maximum in searches],
    }
    body["sha256"] = digest(body)
    path = pathlib.Path(path)
    write_text(path, json.dumps(body, separators=(",", ":")))
    return path


def digest(body: dict[str, Any]) -> str:
    """SHA-256 of everything but the digest itself."""
    rest = {key: value for key, value in body.items() if key != "sha256"}
    text = json.dumps(rest, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _value(value: Any) -> Any:
    """A value as JSON: numbers as texts, an interval as its two ends."""
    if isinstance(value, Interval):
        return {"lower": str(value.lower), "upper": str(value.upper)}
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, tuple):
        return [_value(part) for part in value]
    return value


def _network(network: ReluNetwork) -> list[dict[str, Any]]:
    """Every layer, its numbers as they are: JSON keeps all digits of float64."""
    return [
        {
            "weight": layer.weight.tolist(),
            "bias": layer.bias.tolist(),
            "slopes": layer.slopes.tolist(),
            "skips": [[source, matrix.tolist()] for source, matrix in layer.skips],
        }
        for layer in network.layers
    ]


def _claim(found: Maximum) -> dict[str, Any]:
    """One search."""
    search = found.search
    return {
        "low": _numbers(search.problem.low),
        "high": _numbers(search.problem.high),
        "goals": [[_linear(part) for part in goal] for goal in search.problem.goals],
        "lower": str(found.lower),
        "goal": search.goal,
        "point": [str(v) for v in search.point],
        "upper": str(found.upper),
        "bounds": {str(k): _bounds(held) for k, held in search.bounds.items()},
        "tree": [_node(entry) for entry in search.tree],
    }


def _linear(part: Linear) -> dict[str, Any]:
    """One part of a goal."""
    return {
        "outputs": [str(w) for w in part.outputs],
        "inputs": [str(v) for v in part.inputs],
        "offset": str(part.offset),
    }


def _bounds(bounds: UnitBounds) -> list[list[list[str]]]:
    """Lower ends by layer, then upper ones."""
    return [[_numbers(row) for row in ends] for ends in bounds]


def _numbers(values: Sequence[fmpq]) -> list[str]:
    """Rational numbers as texts."""
    return [str(v) for v in values]


def _node(entry: Split | Proof | None) -> dict[str, Any]:
    """A node of the tree."""
    assert entry is not None
    if isinstance(entry, Split):
        parts = list(entry.parts)
        if entry.unit is not None:
            return {"unit": list(entry.unit), "parts": parts}
        return {"axis": entry.axis, "at": str(entry.at), "parts": parts}
    dual = entry.dual
    return {
        "bound": None if entry.bound is None else str(entry.bound),
        "mix": _numbers(dual.mix),
        "signs": [[*unit, str(v)] for unit, v in sorted(dual.signs.items())],
        "rows": [[row, str(v)] for row, v in sorted(dual.rows.items())],
        "tangents": [[*unit, str(v)] for unit, v in sorted(entry.tangents.items())],
    }
