"""Whether the claims in a file, or its point, say what the answer says."""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Wrong
from regions.certificates.differences import difference_rows
from regions.certificates.everywhere import (
    is_everywhere,
    place_in_cube,
)
from regions.certificates.facets import chart_ends
from regions.certificates.rationals import Row, dot, ends, exact, number, numbers
from regions.domains.shapes import Ball, BoundedDomain, Box

SAME = "what the claims say"

Form = tuple[Row, Row, fmpq]
"""Weights of outputs and inputs, and a constant."""


def meaning_of_claims(
    body: dict[str, Any], layers: ExactLayers, domain: BoundedDomain
) -> str:
    """Whether the answer follows from its claims, each of which was checked.

    Raises:
        Wrong: If not, with what does not fit.
    """
    question = body["question"]
    box = chart_ends(domain)
    is_ball = question == "robust_radius" and not is_everywhere(body)
    if is_ball and norm_of(body) != "2":
        center, radius = (
            numbers(body["about"]["center"]),
            number(body["about"]["radius"]),
        )
        box = ([c - radius for c in center], [c + radius for c in center])
    if question == "holds" and "box" in body["about"]["property"]:
        box = _own_box(body, domain, box)
    _require_whole(body, box)
    _CHECKS[question](body, layers, domain)
    return SAME


def _own_box(
    body: dict[str, Any], domain: BoundedDomain, around: tuple[Row, Row]
) -> tuple[Row, Row]:
    """The box of which a property speaks, a part of the domain."""
    pairs = [numbers(pair) for pair in body["about"]["property"]["box"]]
    _require(isinstance(domain, Box), "the property has a box, and the domain is none")
    ends = zip(around[0], pairs, around[1], strict=True)
    inside = all(first <= low <= high <= last for first, (low, high), last in ends)
    _require(inside, "the property's box is no part of the domain")
    return [low for low, _ in pairs], [high for _, high in pairs]


def _require_whole(body: dict[str, Any], box: tuple[Row, Row]) -> None:
    """Whether all claims are about a whole box."""
    for place, claim in enumerate(body["claims"]):
        if (numbers(claim["low"]), numbers(claim["high"])) != box:
            raise Wrong(f"claim {place} is not about the whole domain")


def output_ends(
    body: dict[str, Any], layers: ExactLayers, domain: BoundedDomain
) -> tuple[fmpq, fmpq]:
    """Bounds of the output on a domain, from two claims that were checked.

    Raises:
        Wrong: If the claims are about something else.
    """
    _require_whole(body, chart_ends(domain))
    _require_range(body, layers)
    low, high = (_ends(claim)[1] for claim in body["claims"])
    return -low, high


def power_ends(bounds: tuple[fmpq, fmpq], order: int) -> tuple[fmpq, fmpq]:
    """Bounds of a power of a number between two bounds."""
    low, high = bounds
    if order % 2:
        return low**order, high**order
    least = max(low, -high, fmpq(0))
    return least**order, max(-low, high) ** order


def direction_of(body: dict[str, Any], layers: ExactLayers) -> Row:
    """The combination of outputs that was asked for.

    Raises:
        Wrong: If it is one of other outputs.
    """
    weights = numbers(body["about"]["direction"])
    _require(
        len(weights) == layers.outputs, f"the direction has {len(weights)} weights"
    )
    return weights


def _require_range(body: dict[str, Any], layers: ExactLayers) -> None:
    """Whether the claims are about the negative output first, then the output."""
    weights = direction_of(body, layers)
    for claim, sign in zip(body["claims"], (-1, 1), strict=True):
        wanted = [[([sign * w for w in weights], [], fmpq(0))]]
        _require(
            goals_of(claim, layers) == wanted, "the claims are about other outputs"
        )


def _range(body: dict[str, Any], layers: ExactLayers, domain: BoundedDomain) -> None:
    """Both ends of an output."""
    del domain
    _require_range(body, layers)
    low, high = (_ends(claim) for claim in body["claims"])
    least, most = body["value"]
    same = ends(least) == (-low[1], -low[0]) and ends(most) == high
    _require(same, "not what the claims say")


def _difference(
    body: dict[str, Any], layers: ExactLayers, domain: BoundedDomain
) -> None:
    """Each output of one network less that of the other, and the negatives."""
    del domain
    (claim,) = body["claims"]
    rows = difference_rows(body, layers.outputs)
    wanted = [
        [([sign * v for v in row], [], fmpq(0))] for sign in (1, -1) for row in rows
    ]
    _require(goals_of(claim, layers) == wanted, "the claim is about other outputs")
    _require(ends(body["value"]) == _ends(claim), "not what the claims say")


def _holds(body: dict[str, Any], layers: ExactLayers, domain: BoundedDomain) -> None:
    """The least slack of the rows of each alternative."""
    (claim,), wanted = body["claims"], forbidden(body, layers, domain)
    _require(goals_of(claim, layers) == wanted, "the claim is about another property")
    low, high = _ends(claim)
    require_verdict(body, low, high)


def require_verdict(body: dict[str, Any], low: fmpq, high: fmpq) -> None:
    """Whether the largest slack, between two ends, gives the answer of a file.

    Raises:
        Wrong: If not.
    """
    strict = body["about"]["property"]["strict"]
    _require(isinstance(strict, bool), "strict is neither true nor false")
    violated = low > 0 or (low == 0 and not strict)
    safe = high < 0 or (high == 0 and strict)
    value = False if violated else (True if safe else None)
    _require(body["value"] is value, "not what the claims say")


def forbidden(
    body: dict[str, Any], layers: ExactLayers, domain: BoundedDomain
) -> list[list[Form]]:
    """What a property forbids, as forms that must not all be positive.

    Raises:
        Wrong: If it speaks of other inputs or outputs.
    """
    origin, directions = domain.rational_chart()
    result = []
    for rows in body["about"]["property"]["unsafe"]:
        forms: list[Form] = []
        for row in rows:
            outputs = numbers(row["outputs"]) or [fmpq(0)] * layers.outputs
            inputs, bound = numbers(row["inputs"]), number(row["bound"])
            known = len(outputs) == layers.outputs
            known &= len(inputs) in (0, domain.ambient_dim)
            _require(known, "the property is of other inputs or outputs")
            moved = [-dot(inputs, [exact(v) for v in d]) for d in directions]
            bound -= dot(inputs, [exact(v) for v in origin])
            form = [-w for w in outputs], moved if any(inputs) else [], bound
            forms.append(form)
        result.append(forms)
    return result


def _radius(body: dict[str, Any], layers: ExactLayers, domain: BoundedDomain) -> None:
    """A ball in which no class exceeds that of its center, and a point farther out."""
    about, (claim,) = body["about"], body["claims"]
    label, center = about["label"], numbers(about["center"])
    everywhere = is_everywhere(body)
    place = (
        place_in_cube(center)
        if everywhere
        else _in_chart(center, center, norm_of(body))
    )
    check_label(label, layers.values(place))
    wanted = []
    for other in range(layers.outputs):
        if other != label:
            row = [fmpq(0)] * layers.outputs
            row[label], row[other] = fmpq(-1), fmpq(1)
            wanted.append([(row, [], fmpq(0))])
    _require(goals_of(claim, layers) == wanted, "the claim is about other outputs")
    _require(_ends(claim)[1] <= 0, "another class is larger in the ball")
    if not everywhere:
        require_radius(body, layers, domain)


def check_label(label: int, outputs: Sequence[fmpq]) -> None:
    """Whether an output is the largest, the first of equals.

    Raises:
        Wrong: If not.
    """
    right = outputs.index(max(outputs))
    _require(label == right, f"the class of the center is {right}")


def norm_of(body: dict[str, Any]) -> str:
    """The norm of a radius.

    Raises:
        Wrong: If it is none.
    """
    norm = body["about"].get("norm", "inf")
    _require(norm in ("1", "2", "inf"), f"{norm!r} is no norm")
    return norm


def check_moments(value: Any) -> None:
    """Whether what a file states is a list of moments.

    Raises:
        Wrong: If it is none, or an empty one, of which all would hold.
    """
    _require(isinstance(value, list) and len(value) > 0, "no list of moments is stated")


def require_radius(
    body: dict[str, Any], layers: ExactLayers, domain: BoundedDomain
) -> None:
    """Whether a radius lies between that of the ball and the distance of the witness.

    Raises:
        Wrong: If not, or if the domain is no ball of the norm 2, and for the other
            norms no box: rows would cut the ball, and lengths in another chart are not
            those of the input.
    """
    about, value, norm = body["about"], body["value"], norm_of(body)
    center, radius = numbers(about["center"]), number(about["radius"])
    if norm == "2":
        _require(isinstance(domain, Ball), "the domain is no ball around the center")
        assert isinstance(domain, Ball)
        same = (domain.norm == 2.0) & (exact(domain.radius) == radius)
        same &= [exact(v) for v in domain.center.tolist()] == center
        _require(same, "the domain is another ball")
    else:
        _require(isinstance(domain, Box), "the domain is no box around the center")
    if value is None:
        return
    require_witness(about, value, norm)
    check_other_class(
        about, layers.values(_in_chart(numbers(about["witness"]), center, norm))
    )


def require_witness(about: dict[str, Any], value: Any, norm: str) -> None:
    """Whether a radius lies between that of the ball and the distance of the witness.

    Raises:
        Wrong: If not.
    """
    low, high = ends(value)
    _require(low == number(about["radius"]), "the ball has another radius")
    center = numbers(about["center"])
    witness = numbers(about["witness"])
    moves = [abs(a - b) for a, b in zip(center, witness, strict=True)]
    length = {"1": sum(moves, fmpq(0)), "2": fmpq(0), "inf": max(moves)}[norm]
    if norm == "2":
        square = dot(moves, moves)
        # The distance rounded up; by no more than its last digits.
        near = square <= high * high <= square * (1 + fmpq(1, 1 << 60))
        _require(near, "the witness lies at another distance")
    else:
        _require(length == high, "the witness lies at another distance")


def check_other_class(about: dict[str, Any], outputs: Row) -> None:
    """Whether the class is another one where the outputs are these.

    Raises:
        Wrong: If not.
    """
    _require(max(outputs) > outputs[about["label"]], "the witness is of the same class")


def _in_chart(point: Row, center: Row, norm: str) -> Row:
    """A point in the chart: that of a round ball is centered."""
    if norm != "2":
        return point
    return [a - b for a, b in zip(point, center, strict=True)]


def goals_of(claim: dict[str, Any], layers: ExactLayers) -> list[list[Form]]:
    """The goals of a claim as numbers."""
    del layers
    return [
        [
            (numbers(part["outputs"]), numbers(part["inputs"]), number(part["offset"]))
            for part in goal
        ]
        for goal in claim["goals"]
    ]


def _ends(claim: dict[str, Any]) -> tuple[fmpq, fmpq]:
    """Both ends of a claim."""
    return number(claim["lower"]), number(claim["upper"])


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Wrong(otherwise)


_CHECKS = {
    "output_range": _range,
    "largest_difference": _difference,
    "holds": _holds,
    "robust_radius": _radius,
}
