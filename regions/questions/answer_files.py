"""Answers as files that anybody can check: `regions.certificates.answers` does.

One JSON object: the network bit for bit, the domain, what was asked (`about`), and one
of two kinds of proof. For each search there is a *claim*: the largest value of some
goals lies between two rational ends. The lower end is the value at a point; the upper
one follows from a tree. A node of the tree splits a box by an axis, or by the sign of a
unit, or is a leaf with a bound and the multipliers that prove it (`backward` says how),
or a leaf that is a box of which a checker finds bounds by itself: none exceeds the
upper end, or, of one that has none, it lies outside of a round ball.
For a list there is a *partition*: the corners of all pieces, from which a checker finds
signs, volumes and values anew. Where a domain has no corners, or no end, the patterns
and witnesses of all *regions* stand in their place. Of an integral that was stopped
there are some pieces, and claims of what an output is elsewhere; of means of classes
some pieces alone, as any class may be elsewhere; of a preimage the regions that were
found; of some other answers one point, of which a checker finds the rest. What is
proved about two networks may be proved about their *difference*, a network whose units
are some of theirs. That all inputs have one class is proved on a cube, of a network
that a checker makes by itself (`models.projective`). Rational numbers are texts "p/q";
a digest covers everything.
"""

import hashlib
import itertools
import json
import os
import pathlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from flint import fmpq

from regions.domains.corners import Cell, Corner
from regions.domains.shapes import Ball, BoundedDomain, Domain
from regions.enumeration.budget import Budget
from regions.errors import RegionsError
from regions.files.writing import write_text
from regions.network import ReluNetwork
from regions.questions.answer import Answer, Interval, Point
from regions.questions.class_cells import class_cells
from regions.questions.comparison import Comparison, Same
from regions.questions.exact_bounds import UnitBounds
from regions.questions.maxima import Maximum
from regions.questions.pieces import Piece, Pieces
from regions.questions.problem import Linear
from regions.questions.proof_tree import BoxProof, Entry, Proof, Split
from regions.results.region_set import RegionSet
from regions.signs.exact import to_fmpq

FORMAT = "relu-regions answer"
VERSION = 2


class Trees(NamedTuple):
    """The searches that prove an answer, each with its tree.

    Attributes:
        searches: The searches.
        about: What was asked, as JSON.
        of: Two networks side by side, where what was searched is their difference, or
            these as they are.
    """

    searches: tuple[Maximum, ...]
    about: dict[str, Any]
    of: ReluNetwork | None = None

    def save(self, path: str | os.PathLike[str], answer: Answer) -> pathlib.Path:
        """Write an answer and what proves it, whole or not at all.

        Raises:
            OSError: If the file cannot be written.
        """
        problem = self.searches[0].search.problem
        claims = [_claim(maximum) for maximum in self.searches]
        parts = {"about": self.about, "claims": claims}
        return _write(path, answer, problem.network, problem.domain, parts, self.of)


class Partition(NamedTuple):
    """All pieces of a network on a domain, which prove an answer.

    Attributes:
        network: The network.
        domain: The domain.
        about: What was asked, as JSON.
        by_class: Whether pieces are cut where another output becomes the largest.
        normal: For some answers a normal of each part, by its class: what it proves
            says `closest.separating_normal`; None for parts that need none.
        of: As in `Trees`.
        disc: Of which the domain is the square around, where the answer is about that.
        most: How many pieces stand in the file, the first ones; None for all.
        enough: Makes what tells, given the pieces one by one, whether those before one
            are enough; None if it takes all.
        elsewhere: Of some pieces, the searches that bound the output and its negative.
    """

    network: ReluNetwork
    domain: BoundedDomain
    about: dict[str, Any]
    by_class: bool = False
    normal: Callable[[int, Cell], Point | None] | None = None
    of: ReluNetwork | None = None
    disc: Ball | None = None
    most: int | None = None
    enough: Callable[[], Callable[[Piece], bool]] | None = None
    elsewhere: tuple[Maximum, ...] = ()

    def save(self, path: str | os.PathLike[str], answer: Answer) -> pathlib.Path:
        """List the pieces once more, and write them with the answer.

        Raises:
            OSError: If the file cannot be written.
        """
        numbers: dict[Corner, int] = {}
        leaves, labels, normals = [], [], []
        count = self.network.output_dim
        is_enough = None if self.enough is None else self.enough()
        for piece in itertools.islice(Pieces(self.network, self.domain), self.most):
            if is_enough is not None and is_enough(piece):
                break
            cells = class_cells(piece, count) if self.by_class else [(0, piece.cell)]
            for label, cell in cells:
                labels.append(label)
                if self.normal is not None:
                    normal = self.normal(label, cell)
                    normals.append(None if normal is None else texts(normal))
                leaves.append(
                    [
                        numbers.setdefault(corner, len(numbers))
                        for corner in cell.corners
                    ]
                )
        corners = [_point(corner) for corner in numbers]
        partition: dict[str, Any] = {"corners": corners, "leaves": leaves}
        if self.by_class:
            partition["labels"] = labels
        if self.normal is not None:
            partition["normals"] = normals
        if self.most is not None and not self.elsewhere:
            partition["whole"] = False
        parts: dict[str, Any] = {"about": self.about, "partition": partition}
        if self.elsewhere:
            parts["claims"] = [_claim(maximum) for maximum in self.elsewhere]
        domain = self.disc or self.domain
        return _write(path, answer, self.network, domain, parts, self.of)


class Compared(NamedTuple):
    """A comparison of two networks, which proves them equal.

    Attributes:
        network: Both networks side by side.
        domain: The domain.
        comparison: The comparison; it is finished when it is saved.
    """

    network: ReluNetwork
    domain: Domain
    comparison: Comparison

    def save(self, path: str | os.PathLike[str], answer: Answer) -> pathlib.Path:
        """Write the tree with the answer.

        Raises:
            OSError: If the file cannot be written.
            RegionsError: If the comparison cannot prove what a list showed.
        """
        held = self.comparison
        held.run(Budget())
        if not held.is_equal:
            raise RegionsError(
                "no proof that could be checked was found: some regions touch the "
                "ball within rounding. Take a ball of another radius."
            )
        comparison = {
            "low": texts(held.problem.low),
            "high": texts(held.problem.high),
            "bounds": {str(k): _bounds(v) for k, v in held.bounds.items()},
            "tree": [_node(entry) for entry in held.tree],
        }
        parts = {"about": {}, "comparison": comparison}
        return _write(path, answer, self.network, self.domain, parts)


class Listed(NamedTuple):
    """Regions of a network on a domain of any kind, which prove an answer.

    Attributes:
        regions: The regions.
        about: What was asked, as JSON.
        some: Of a list that was stopped the numbers of those that matter; None for all.
    """

    regions: RegionSet
    about: dict[str, Any]
    some: Sequence[int] | None = None

    def save(self, path: str | os.PathLike[str], answer: Answer) -> pathlib.Path:
        """Write the patterns, with a point strictly inside each region.

        Raises:
            OSError: If the file cannot be written.
        """
        found, kept = self.regions, self.some
        numbers = range(len(found)) if kept is None else kept
        rows = found.coordinates
        places = [
            found.exact_witnesses.get(k) or tuple(map(Fraction, rows[k].tolist()))
            for k in numbers
        ]
        regions = {
            "patterns": [found.patterns[k].tobytes().hex() for k in numbers],
            "witnesses": [texts(place) for place in places],
            "complete": kept is None,
        }
        parts = {"about": self.about, "regions": regions}
        return _write(path, answer, found.network, found.domain, parts)


class Tried(NamedTuple):
    """A point from which an answer follows, or its lower end, which a checker tries.

    Attributes:
        network: The network.
        domain: The domain.
        about: What was asked, and the point, as JSON.
    """

    network: ReluNetwork
    domain: Domain
    about: dict[str, Any]

    def save(self, path: str | os.PathLike[str], answer: Answer) -> pathlib.Path:
        """Write the point with the answer.

        Raises:
            OSError: If the file cannot be written.
        """
        return _write(path, answer, self.network, self.domain, {"about": self.about})


def proof_of(
    *searches: Maximum, of: ReluNetwork | None = None, **about: Any
) -> Trees | Partition:
    """What proves an answer that searches gave, or a list for one of them."""
    listed = [found.search.listed for found in searches]
    problem = next((held for held in listed if held is not None), None)
    if problem is not None:
        return Partition(problem.network, problem.domain, about, of=of)
    return Trees(searches, about, of)


def texts(numbers: Sequence[Any]) -> list[str]:
    """Rational numbers as texts."""
    return [text_of(v) for v in numbers]


def text_of(number: Fraction | fmpq) -> str:
    """A rational number as text, however long it is."""
    return str(number if isinstance(number, fmpq) else to_fmpq(number))


def _write(
    path: str | os.PathLike[str],
    answer: Answer,
    network: ReluNetwork,
    domain: Domain,
    parts: dict[str, Any],
    of: ReluNetwork | None = None,
) -> pathlib.Path:
    """The file: what all have, and the parts of one kind of proof."""
    if of is not None and network is not of:
        # Of all inputs the checker makes the network on the cube by itself.
        if "everywhere" not in parts["about"]:
            parts = {**parts, "difference": _network(network)}
        network = of
    body = {
        "format": FORMAT,
        "version": VERSION,
        "question": answer.question,
        "value": _value(answer.value),
        "network": _network(network),
        "domain": domain.to_dict(),
        **parts,
    }
    body["sha256"] = digest(body)
    path = pathlib.Path(path)
    write_text(path, json.dumps(body, separators=(",", ":")))
    return path


def _point(corner: Corner) -> list[str]:
    """A corner as texts."""
    return [text_of(Fraction(v, corner[-1])) for v in corner[:-1]]


def digest(body: dict[str, Any]) -> str:
    """SHA-256 of everything but the digest itself."""
    rest = {key: value for key, value in body.items() if key != "sha256"}
    text = json.dumps(rest, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _value(value: Any) -> Any:
    """A value as JSON: numbers as texts, an interval as its two ends."""
    if isinstance(value, Interval):
        return {"lower": text_of(value.lower), "upper": text_of(value.upper)}
    if isinstance(value, Fraction):
        return text_of(value)
    if hasattr(value, "as_json"):
        return value.as_json()
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
        "low": texts(search.problem.low),
        "high": texts(search.problem.high),
        "goals": [[_linear(part) for part in goal] for goal in search.problem.goals],
        "lower": text_of(found.lower),
        "goal": search.goal,
        "point": texts(search.point),
        "upper": text_of(found.upper),
        "bounds": {str(k): _bounds(held) for k, held in search.bounds.items()},
        "tree": [_node(_loosened(v, found.upper)) for v in search.proved_tree()],
    }


def _loosened(entry: Entry, upper: Fraction) -> Entry:
    """The upper end in place of a box's bound: a checker finds bounds of its own."""
    if not isinstance(entry, BoxProof) or entry.bound is None:
        return entry
    return BoxProof(to_fmpq(upper))


def _linear(part: Linear) -> dict[str, Any]:
    """One part of a goal."""
    return {
        "outputs": texts(part.outputs),
        "inputs": texts(part.inputs),
        "offset": text_of(part.offset),
    }


def _bounds(bounds: UnitBounds) -> list[list[list[str]]]:
    """Lower ends by layer, then upper ones."""
    return [[texts(row) for row in ends] for ends in bounds]


def _node(entry: Split | Proof | BoxProof | Same | None) -> dict[str, Any]:
    """A node of the tree."""
    assert entry is not None
    if isinstance(entry, Split):
        parts = list(entry.parts)
        if entry.unit is not None:
            return {"unit": list(entry.unit), "parts": parts}
        return {"axis": entry.axis, "at": str(entry.at), "parts": parts}
    if isinstance(entry, Same):
        return {"same": True}
    if isinstance(entry, BoxProof):
        return {"box": None if entry.bound is None else str(entry.bound)}
    dual = entry.dual
    ball = {} if dual.pull is None else {"pull": texts(dual.pull)}
    return {
        **ball,
        "bound": None if entry.bound is None else str(entry.bound),
        "mix": texts(dual.mix),
        "signs": [[*unit, str(v)] for unit, v in sorted(dual.signs.items())],
        "rows": [[row, str(v)] for row, v in sorted(dual.rows.items())],
        "tangents": [[*unit, str(v)] for unit, v in sorted(entry.tangents.items())],
    }
