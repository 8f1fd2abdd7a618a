"""By which method integrals over pieces are found: their list, or all corners."""

from regions.domains.shapes import BoundedDomain
from regions.enumeration import count_regions
from regions.enumeration.budget import Budget
from regions.enumeration.cells.valued import visits_serve
from regions.network import ReluNetwork

METHODS = ("auto", "list", "corners")

FEW_REGIONS = {2: 200, 3: 200, 4: 100, 5: 10, 6: 1}
"""Of so many pieces, by dimensions, the exact list takes some tenths of a second.

A cell has more corners, and falls into many more simplices, in more dimensions: two
hundred each in five.
"""


def check_method(method: str) -> None:
    """Raise unless it is one of the methods.

    Raises:
        ValueError: If not.
    """
    if method not in METHODS:
        raise ValueError(
            f"`method` is {method!r}: one of {', '.join(METHODS)} is required."
        )


def takes_corners(network: ReluNetwork, domain: BoundedDomain, method: str) -> bool:
    """Whether to try the corners of all regions.

    Raises:
        ValueError: If it is required, and does not serve.
    """
    serves = visits_serve(network, domain)
    if method == "corners" and not serves:
        raise ValueError(
            "`method` is 'corners', and the domain is not straight and of two to six "
            "dimensions, or the network has no hidden layer: take 'list'."
        )
    return serves and method != "list"


def has_few_regions(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget
) -> bool:
    """Whether the exact list is short: a count of so many takes milliseconds."""
    most = FEW_REGIONS[domain.dim] + 1
    count = count_regions(
        network, domain, method="cells", max_regions=most, stop=budget.spent
    )
    return count.complete and int(count) < most
