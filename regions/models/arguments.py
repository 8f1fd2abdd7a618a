"""What public functions take: any network, then a domain, then points.

A wrong argument is said in one sentence: what was found, and what to write instead.
"""

from typing import Any

import numpy as np
from jaxtyping import Float64

from regions.domains.domain_vectors import check_input_dim
from regions.domains.shapes import Domain, WholeSpace, check_not_round
from regions.models import NetworkLike as NetworkLike, as_network
from regions.network import ArrayLike, ReluNetwork, as_numbers

DomainLike = Any
"""A `Box`, `Segment`, `Slice`, `Simplex`, `HPolytope`, `Ball` or `WholeSpace`."""


def network_and_domain(
    network: NetworkLike,
    domain: DomainLike,
    *,
    or_whole: bool = False,
    or_round: bool = False,
    bounded: bool = False,
) -> tuple[ReluNetwork, Domain]:
    """The first two arguments of most functions, read and checked.

    Args:
        network: Whatever `as_network` reads.
        domain: A domain.
        or_whole: Whether no domain means the whole space.
        or_round: Whether a ball of the norm 2 serves, which is no polytope.
        bounded: Whether the whole space does not serve.

    Raises:
        ModelError: If the first is no network.
        TypeError: If the second is no domain.
        ValueError: If the domain does not lie in the space that the network reads, or
            does not serve.

    Example:
        >>> try:
        ...     network_and_domain(ReluNetwork.from_arrays([[[1.0]]], None), (0, 1))
        ... except TypeError as error:
        ...     print(error)
        `domain` is a tuple: write regions.Box(lower, upper).
    """
    net = as_network(network)
    if domain is None and or_whole:
        domain = WholeSpace(net.input_dim)
    if not _is_domain(domain):
        raise TypeError(_no_domain(domain))
    assert domain is not None
    check_input_dim(domain.ambient_dim, net)
    if not or_round:
        check_not_round(domain)
    if bounded and isinstance(domain, WholeSpace):
        raise ValueError(
            "`domain` is the whole space, and a bounded one is required here: take a "
            "Box."
        )
    return net, domain


def _is_domain(value: Any) -> bool:
    """Whether a value has what all domains have."""
    return hasattr(value, "restrict") and hasattr(value, "embed")


def _no_domain(domain: Any) -> str:
    """What to write in place of what is no domain."""
    kind = type(domain).__name__
    if isinstance(domain, ReluNetwork):
        return "`domain` is a network: the network comes first and the domain second."
    advice = "write regions.Box(lower, upper)"
    if not isinstance(domain, list | tuple | dict | np.ndarray | int | float):
        advice = "give a Box, Segment, Slice, Simplex, HPolytope, Ball or WholeSpace"
    return f"`domain` is a {kind}: {advice}."


def read_point(
    x: ArrayLike, dim: int, name: str = "x", *, chart: bool = False
) -> Float64[np.ndarray, " dim"]:
    """One point, as a vector that is finite.

    Args:
        x: The point, of any library.
        dim: Its number of entries.
        name: What the argument is called.
        chart: Whether it is in chart coordinates of a domain.

    Raises:
        ValueError: If it is none, with the reason.

    Example:
        >>> read_point([1, 2], 2)
        array([1., 2.])
    """
    array = as_numbers(x, name)
    where = ", in chart coordinates of the domain" if chart else ""
    required = f"a finite vector of {dim} entries is required{where}"
    if array.shape != (dim,):
        batch = array.ndim == 2 and array.shape[1] == dim
        advice = f"; give one of its rows, such as {name}[0]" if batch else ""
        raise ValueError(f"`{name}` has shape {array.shape}: {required}{advice}.")
    if not np.isfinite(array).all():
        k = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ValueError(f"`{name}[{k}]` is {array[k]}: {required}.")
    return array
