"""Vertices of regions that come without any: from a file, or from other engines.

An engine makes them anew. Engines stand above this floor, so it is found by its name
when it is needed, and nothing that only reads results depends on it.
"""

import importlib
from collections.abc import Callable
from typing import Any

from regions.domains.shapes import Domain

MAKER = "regions.enumeration.again:cells_again"
MOST_DIMENSIONS = 6


def can_be_made(domain: Domain) -> bool:
    """Whether vertices of all regions on a domain can be made."""
    straight = domain.squared_radius is None
    return straight and domain.is_bounded and domain.dim <= MOST_DIMENSIONS


def maker() -> Callable[..., Any]:
    """What makes vertices of a network's regions on a domain, by their patterns."""
    module, _, name = MAKER.partition(":")
    return getattr(importlib.import_module(module), name)
