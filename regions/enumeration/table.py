"""The engines by their public names, in the order in which `auto` asks them."""

from regions.enumeration.balls.engine import BallEngine
from regions.enumeration.cells import meanwhile
from regions.enumeration.cells.engine import CellsEngine
from regions.enumeration.engine import Engine
from regions.enumeration.line.listing import LineEngine
from regions.enumeration.restriction.engine import Restriction
from regions.enumeration.tree.engine import TreeEngine

_IN_ORDER: tuple[Engine, ...] = (
    LineEngine(),
    BallEngine(),
    Restriction(meanwhile),
    CellsEngine(),
    TreeEngine(),
)

ENGINES: dict[str, Engine] = {engine.name: engine for engine in _IN_ORDER}
"""An engine more is one line above: it is a `method` then, and tested."""

RETIRED = {"sweep": "cells"}
"""Methods of earlier versions, and what took their place."""
