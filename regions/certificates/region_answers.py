"""Answers that follow from all regions of a domain without corners, or without bounds.

The regions are checked as those of a saved set are: a witness in each, and none is
missing. What is asked then follows from the patterns. Of a preimage that was stopped
some regions are listed, and nothing is said of others.
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Check, Wrong, tried
from regions.certificates.exact_checks import check_exactly
from regions.certificates.floats import check_distinct
from regions.certificates.jacobians import Gates, check_constant, is_anywhere
from regions.certificates.rationals import numbers
from regions.certificates.watch import Watch
from regions.domains.domain_vectors import fractions
from regions.domains.shapes import Domain
from regions.network import ReluNetwork
from regions.results.region_table import RegionTable


def check_regions(
    body: dict[str, Any], network: ReluNetwork, domain: Domain
) -> list[Check]:
    """Whether the regions in a file are all, and give the answer."""
    table = _table(body["regions"], network, domain)
    checks = [check_distinct(table)]
    if checks[0].passed:
        checks += check_exactly(table, Watch(None, None, None))
    if not table.complete:
        # All but that none is missing.
        checks = [check for check in checks if check.passed is not None]
    if not all(check.passed for check in checks):
        return [*checks, Check("answer", None, "the regions failed")]
    return [*checks, tried("answer", lambda: _answer(body, network, table))]


def check_rows(
    about: dict[str, Any], network: ReluNetwork
) -> tuple[list[list[float]], list[float]]:
    """The rows of a preimage, of which the last hidden layer must be made.

    Raises:
        Wrong: If it is not.
    """
    A, b, last = about["A"], about["b"], network.hidden[-1]
    if last.weight.tolist() != [[-v for v in row] for row in A]:
        raise Wrong("the last layer is not made of the rows")
    if last.bias.tolist() != b or any(last.slopes):
        raise Wrong("the last layer is not made of the rows")
    return A, b


def check_patterns(found: set[tuple[Any, ...]], value: dict[str, Any]) -> None:
    """Whether a preimage names the regions that were found, each once.

    Raises:
        Wrong: If not.
    """
    if sorted(found) != sorted(map(tuple, value["patterns"])):
        raise Wrong("other regions meet the preimage than the answer says")


def _table(data: dict[str, Any], network: ReluNetwork, domain: Domain) -> RegionTable:
    """The regions in a file."""
    places = [
        [Fraction(int(v.p), int(v.q)) for v in numbers(row)]
        for row in data["witnesses"]
    ]
    coordinates = np.array([[_nearest(v) for v in row] for row in places])
    rounded = enumerate(zip(places, coordinates.reshape(-1, domain.dim), strict=True))
    patterns = np.array([[*bytes.fromhex(row)] for row in data["patterns"]], np.uint8)
    return RegionTable(
        network,
        domain,
        patterns.reshape(len(places), -1 if places else (network.num_bits + 7) // 8),
        coordinates.reshape(-1, domain.dim),
        complete=data.get("complete", True) is True,
        method="file",
        seconds=0.0,
        stats={},
        exact_witnesses={
            k: tuple(place) for k, (place, near) in rounded if place != fractions(near)
        },
    )


def _nearest(value: Fraction) -> float:
    """The nearest finite float64 number: a rational witness may be beyond them."""
    largest = Fraction(sys.float_info.max)
    return float(max(-largest, min(largest, value)))


def _answer(body: dict[str, Any], network: ReluNetwork, table: RegionTable) -> str:
    """Whether the patterns say what the answer says.

    Raises:
        Wrong: If not.
    """
    about, value = body["about"], body["value"]
    if body["question"] == "lipschitz":
        if not table.complete:
            raise Wrong("a constant does not follow from some of the regions")
        check_constant(network, table.domain, about["norm"], value, _gates(table))
    elif body["question"] == "preimage":
        check_rows(about, network)
        _check_outputs(network)
        _check_preimage(network, value, table)
    else:
        raise Wrong("such an answer does not follow from a list of regions")
    return "what the regions say"


def _gates(table: RegionTable) -> Iterator[Gates]:
    """Which units are on in each region, by layer."""
    kinks = [layer.kinks for layer in table.network.hidden]
    ends = np.cumsum([0, *(int(k.sum()) for k in kinks)])
    for bits in table.pattern_bits():
        on = []
        for start, own in zip(ends[:-1], kinks, strict=True):
            gates = np.zeros(len(own), bool)
            gates[own] = bits[start : start + int(own.sum())]
            on.append(gates.tolist())
        yield on


def _check_outputs(network: ReluNetwork) -> None:
    """Whether the last hidden layer reads the outputs, and nothing else.

    Raises:
        Wrong: If not.
    """
    depth = len(network.hidden) - 1
    kept, last = network.hidden[depth - 1], network.hidden[depth]
    reads = dict(network.output.blocks(depth + 1))
    same = depth > 0 and not last.skips and (kept.slopes == 1.0).all()
    same = same and not network.output.bias.any()
    for source, matrix in reads.items():
        wanted = np.eye(len(kept.bias)) if source == depth else np.zeros(matrix.shape)
        same = same and np.array_equal(matrix, wanted)
    if not same or depth not in reads:
        raise Wrong("the last layer does not read the outputs alone")


def _check_preimage(network: ReluNetwork, value: Any, table: RegionTable) -> None:
    """The regions on which all units of the last layer are on, or vanish all over."""
    layers, last = ExactLayers(network, table.domain), len(network.hidden) - 1
    count = network.hidden[last].width
    found = set()
    for on, bits in zip(_gates(table), table.pattern_bits(), strict=True):
        off = [k for k, gate in enumerate(on[last]) if not gate]
        if off and any(is_anywhere(layers, last, k, on) for k in off):
            continue
        found.add(tuple(bits[: len(bits) - count].tolist()))
    check_patterns(found, value)
    if table.complete is not value.get("complete", True):
        raise Wrong("some of the regions do not make a whole preimage")
    if value["volume"] is not None:
        raise Wrong("a volume does not follow from a list of regions")
