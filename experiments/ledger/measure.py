"""What the ledger says of a network, and whether it is so."""

import hashlib
from typing import Any

import numpy as np

from experiments.ledger.networks import (
    Entry,
    digest,
    network_from_dict,
    network_to_dict,
)
from regions.certificates import verify
from regions.domains.shapes import Box
from regions.enumeration import count_regions, enumerate_regions
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits
from regions.questions.ranges import output_range
from regions.topology.chains import betti_by_reduction
from regions.topology.definitions import count_by_definition
from regions.topology.topology import topology_of


def measure(entry: Entry) -> dict[str, Any]:
    """All that the ledger says of a network, and the network itself."""
    network, box = entry.network, entry.box
    found = enumerate_regions(network, box, method="cells").require_complete()
    report = verify(found, exact=True)
    return {
        "name": entry.name,
        "kind": entry.kind,
        "digest": digest(network),
        "lower": box.lower.tolist(),
        "upper": box.upper.tolist(),
        "network": network_to_dict(network),
        "numbers": {
            **_counts(network, box),
            "adjacent_pairs": len(found.neighbors[0]),
            **_betti(network, box, by_reduction=False),
            "range_of_output_0": _range(network, box, "search"),
        },
        "certificate": {
            "patterns_sha256": pattern_digest(found.pattern_bits()),
            "verified_exactly": bool(report.ok and report.complete),
        },
    }


def differences(stored: dict[str, Any]) -> list[str]:
    """What is not so in an entry of the ledger, found by other means than it was made.

    Regions come from the tree, Betti numbers from boundary matrices, the range from the
    list of pieces.
    """
    network = network_from_dict(stored["network"])
    box = Box(stored["lower"], stored["upper"])
    numbers, wrong = stored["numbers"], []
    found = enumerate_regions(network, box, method="tree").require_complete()
    fresh = {
        "digest": digest(network),
        "patterns_sha256": pattern_digest(found.pattern_bits()),
        **_counts(network, box),
        "proper_activation_regions": len(found),
        "open_connected_regions": int(found.linear_regions()),
        **_betti(network, box, by_reduction=True),
        "range_of_output_0": _range(network, box, "list"),
    }
    known = {**numbers, **stored["certificate"], "digest": stored["digest"]}
    for name, value in fresh.items():
        if known[name] != value:
            wrong.append(f"{name}: {known[name]} is stored and {value} was found")
    return wrong


def pattern_digest(bits: np.ndarray) -> str:
    """SHA-256 of the sorted packed patterns of all regions."""
    rows = sorted(row.tobytes() for row in pack_bits(bits))
    return hashlib.sha256(b"".join(rows)).hexdigest()


def _counts(network: ReluNetwork, box: Box) -> dict[str, int]:
    """Numbers of regions by all definitions."""
    counts = count_by_definition(network, box)
    assert counts.proper == int(count_regions(network, box))
    return {
        "activation_regions": counts.activation,
        "proper_activation_regions": counts.proper,
        "open_connected_regions": counts.open,
        "closed_connected_regions": counts.closed,
        "affine_regions": counts.affine,
    }


def _betti(
    network: ReluNetwork, box: Box, *, by_reduction: bool
) -> dict[str, list[int]]:
    """Betti numbers of the first class, of the boundary and of the partition."""
    first = "output > 0" if network.output_dim == 1 else "class 0"
    result = {}
    for name, of in (
        ("first_class", first),
        ("boundary", "boundary"),
        ("partition", "partition"),
    ):
        found = topology_of(network, box, of)
        betti = found.betti
        if by_reduction:
            betti = betti_by_reduction(found.chains())[:-1]
        result[f"betti_{name}"] = list(betti)
    return result


def _range(network: ReluNetwork, box: Box, method: str) -> list[str]:
    """Smallest and largest value of the first output, as fractions."""
    low, high = output_range(network, box, 0, method=method).value
    return [str(low), str(high)]
