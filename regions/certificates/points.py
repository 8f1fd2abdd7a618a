"""Answers of which one end, or all, follows from the network at one point."""

from typing import Any

from flint import fmpq

from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Wrong
from regions.certificates.jacobians import check_between, wide_axes
from regions.certificates.meanings import (
    check_label,
    check_other_class,
    norm_of,
    require_witness,
)
from regions.certificates.rationals import Row, dot, ends, exact, number, numbers, walls
from regions.domains.shapes import Domain, WholeSpace
from regions.network import ReluNetwork


def check_point(
    body: dict[str, Any], layers: ExactLayers, network: ReluNetwork, domain: Domain
) -> str:
    """Whether an answer follows from the point in its file.

    Raises:
        Wrong: If not, or the file says something else.
    """
    question, about, value = body["question"], body["about"], body["value"]
    if question == "are_equal" and value is False:
        _check_refuted(layers, domain, numbers(about["point"]))
        return "the outputs differ at the point"
    if question == "lipschitz" and "point" in about:
        point = numbers(about["point"])
        if _depth(domain, point) <= 0:
            raise Wrong("the point does not lie inside of the domain")
        axes = wide_axes(domain)
        check_between(network, layers, axes, about["norm"], *ends(value), point)
        return "what the point and the weights say"
    if question == "robust_radius" and isinstance(domain, WholeSpace):
        _check_reached(body, layers)
        return "another class at the point"
    raise Wrong("the file holds no proof of its answer")


def _depth(domain: Domain, point: Row) -> fmpq:
    """Positive inside of a domain, negative outside, 0 on its border."""
    slacks = [row[-1] - dot(row[:-1], point) for row in walls(domain)]
    square = domain.squared_radius
    if square is not None:
        slacks.append(exact(square) - dot(point, point))
    return min(slacks, default=fmpq(1))


def _check_refuted(layers: ExactLayers, domain: Domain, point: Row) -> None:
    """Whether the outputs of two networks differ at a point of a domain."""
    half = layers.outputs // 2
    if _depth(domain, point) < 0:
        raise Wrong("the point lies outside of the domain")
    outputs = layers.values(point)
    if outputs[:half] == outputs[half:]:
        raise Wrong("the outputs are equal at the point")


def _check_reached(body: dict[str, Any], layers: ExactLayers) -> None:
    """Whether a radius is at most the distance of a point of another class.

    It is 0 where that class has all the way to the point: outputs are affine on it,
    equal at its beginning, and not at its end.
    """
    about = body["about"]
    places = [numbers(about["center"]), numbers(about["witness"])]
    *hidden, (near, far) = layers.at_points(places)
    check_label(about["label"], near)
    if number(about["radius"]) != 0:
        raise Wrong("no ball of that radius is proved")
    check_other_class(about, far)
    if ends(body["value"]) == (0, 0):
        _check_way(hidden, layers.slopes)
        own = about["label"]
        if not any(
            a == near[own] and b > far[own] for a, b in zip(near, far, strict=True)
        ):
            raise Wrong("no other class begins at the center")
        return
    require_witness(about, body["value"], norm_of(body))


def _check_way(hidden: list[list[Row]], slopes: list[Row]) -> None:
    """Whether a network is affine between two points, as their units tell."""
    for (near, far), steep in zip(hidden, slopes, strict=True):
        for v, w, slope in zip(near, far, steep, strict=True):
            if slope != 1 and v * w < 0:
                raise Wrong("a unit has both signs on the way to the witness")
