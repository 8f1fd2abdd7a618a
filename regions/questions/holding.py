"""Whether a property holds on a domain: proved, or refuted by a point."""

from collections.abc import Callable
from fractions import Fraction

from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.lp.blas import one_blas_thread
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.questions.answer import Answer, known
from regions.questions.answer_files import proof_of
from regions.questions.maxima import search_maximum
from regions.questions.properties import Property


@kinds_checked
@one_blas_thread()
def holds(
    network: NetworkLike,
    domain: DomainLike,
    property: Property,
    *,
    max_seconds: float | int | None = None,
    stop: Callable[[], bool] = never,
) -> Answer:
    """Whether a network avoids what a property forbids, at every point of a domain.

    Args:
        network: The network.
        domain: A bounded domain.
        property: What is required; see `regions.Property`.
        max_seconds: Stop the search after this time.
        stop: Asked often; says whether to stop, likewise.

    Returns:
        The value is True, False, or None where the search was stopped before either was
        proved. Where False, the witness is a rational input that violates the property,
        exactly. `stats["margin"]` encloses the largest violation: the least slack of
        the forbidden rows, negative where none is met.

    Raises:
        ValueError: If the property or the domain does not fit the network.

    Example:
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> domain = Box([-1.0], [2.0])
        >>> holds(net, domain, Property.bounds([[1.0]], [2.0])).value
        True
        >>> answer = holds(net, domain, Property.bounds([[1.0]], [1.5]))
        >>> answer.value, answer.witness[0] > Fraction(3, 2)
        (False, True)
    """
    network, domain = network_and_domain(network, domain, or_round=True, bounded=True)
    property.check(network)
    problem = property.problem(network, domain)
    strict = property.strict
    best = search_maximum(
        problem,
        Fraction(0),
        max_seconds,
        stop,
        enough=lambda value: value > 0 or (value == 0 and not strict),
        harmless=lambda bound: bound < 0 or (bound == 0 and strict),
        is_threshold=True,
    )
    violated = best.lower > 0 or (best.lower == 0 and not strict)
    safe = best.upper < 0 or (best.upper == 0 and strict)
    value = False if violated else (True if safe else None)
    return Answer(
        "holds",
        value,
        best.witness if violated else None,
        value is not None,
        best.seconds,
        best.method,
        {"margin": known(best.lower, best.upper), "nodes": best.search.nodes},
        evidence=proof_of(best, property=property.to_dict()),
    )
