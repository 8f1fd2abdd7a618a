"""What all points of one network on one domain share.

Kept for the last few networks: a loop over the regions of one pays for it once.
"""

import functools

from regions.domains.shapes import Domain
from regions.network import ReluNetwork
from regions.polytopes.network_rows import NetworkRows

KEPT = 4
"""Networks, or domains of one, of which this much is kept."""


@functools.lru_cache(KEPT)
def shared_rows(network: ReluNetwork, domain: Domain) -> NetworkRows:
    """The rows of the regions; in rational arithmetic from when they are needed."""
    return NetworkRows(network, domain, past_ball=True)
