"""Facets of the domains, as the checker sees them."""

import itertools

import numpy as np
from flint import fmpq
from jaxtyping import Float64

from regions.domains.shapes import (
    Ball,
    Domain,
    HPolytope,
    Segment,
    Simplex,
    Slice,
    WholeSpace,
)


def facets(
    domain: Domain,
) -> tuple[Float64[np.ndarray, "facets dim"], Float64[np.ndarray, " facets"]]:
    """Facets `A t <= b` of a domain in its chart, exact in float64."""
    dim = domain.dim
    if isinstance(domain, WholeSpace):
        return np.zeros((0, dim)), np.zeros(0)
    if isinstance(domain, Simplex):
        A = np.vstack([-np.eye(dim), np.ones((1, dim))])
        return A, np.append(np.zeros(dim), 1.0)
    if isinstance(domain, HPolytope):
        return domain.A, domain.b
    if isinstance(domain, Ball):
        if domain.norm == 1.0:
            signs = np.array(list(itertools.product((-1.0, 1.0), repeat=dim)))
            return signs, np.full(len(signs), domain.radius)
        low, high = np.full(dim, -domain.radius), np.full(dim, domain.radius)
        return np.vstack([-np.eye(dim), np.eye(dim)]), np.append(-low, high)
    if isinstance(domain, Segment):
        low, high = np.zeros(1), np.ones(1)
    else:
        box = domain.box if isinstance(domain, Slice) else domain
        low, high = box.lower, box.upper
    return np.vstack([-np.eye(dim), np.eye(dim)]), np.append(-low, high)


def chart_ends(domain: Domain) -> tuple[list[fmpq], list[fmpq]]:
    """Lower and upper ends of the box around a domain's chart, exactly."""
    if isinstance(domain, Simplex):
        return [fmpq(0)] * domain.dim, [fmpq(1)] * domain.dim
    if isinstance(domain, HPolytope | Ball):
        box = domain.chart_box()
        b = np.append(-box.lower, box.upper)
    else:
        _, b = facets(domain)
    rational = [fmpq(*float(v).as_integer_ratio()) for v in b]
    return [-v for v in rational[: domain.dim]], rational[domain.dim :]
