"""The differences of two networks' outputs, and a network that is said to compute them.

What such a network computes is compared with the differences themselves as sums of
units, where units that vanish together are one (`equal_units`).
"""

from typing import Any

from flint import fmpq

from regions.certificates.checks import Wrong
from regions.certificates.equal_units import merged
from regions.certificates.rationals import Row
from regions.domains.shapes import WholeSpace
from regions.models.joint import side_by_side
from regions.network import ReluNetwork


def check_difference(both: ReluNetwork, network: ReluNetwork) -> str:
    """Whether a network computes the differences of two side by side.

    Raises:
        Wrong: If that does not follow from their units.
    """
    half = both.output_dim // 2
    if network.input_dim != both.input_dim or network.output_dim % half:
        raise Wrong("the network of the difference has other inputs or outputs")
    three = side_by_side(both, network)
    outputs, _ = merged(three, WholeSpace(both.input_dim), {})
    for k in range(half):
        total = dict(outputs[k])
        for part in outputs[half + k :: half]:
            for term, v in part.items():
                total[term] = total.get(term, fmpq(0)) - v
        if any(v != 0 for v in total.values()):
            raise Wrong(f"the difference of output {k} is another one by its units")
    return "that of the two networks, by their units"


def difference_rows(body: dict[str, Any], outputs: int) -> list[Row]:
    """Weights of a network's outputs that make each difference.

    Of two side by side, or of a network that computes the differences, perhaps each in
    several parts.
    """
    is_whole = "difference" in body
    half = len(body["network"][-1]["bias"]) // 2
    rows = []
    for k in range(half):
        row = [fmpq(0)] * outputs
        for place in range(k, outputs, half):
            row[place] = fmpq(1 if is_whole or place < half else -1)
        rows.append(row)
    return rows
