"""Walks over the cells of any domain that cells serve, in the plane or in space."""

from collections.abc import Callable

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.flat import flatten
from regions.enumeration.cells.plane import COUNT
from regions.enumeration.cells.plane_listing import plane_listing, plane_listing_task
from regions.enumeration.cells.plane_walk import UNLIMITED, PlaneWalk, Task
from regions.enumeration.cells.space.listing import space_listing, space_listing_task
from regions.enumeration.cells.space.walk import SpaceTask, SpaceWalk
from regions.enumeration.cells.team import Team
from regions.enumeration.engine import Listing
from regions.network import ReluNetwork

AnyTask = Task | SpaceTask
AnyWalk = PlaneWalk | SpaceWalk
Sides = tuple[int, ...]
"""The way to a cell: which half was kept at every cut, 0 the one left for later."""


def counting_task(network: ReluNetwork, domain: BoundedDomain) -> AnyTask:
    """What all walks that count the regions of a domain share.

    Args:
        network: The network, with a hidden layer.
        domain: What cells serve.
    """
    if domain.dim > 2:
        return SpaceTask(network, domain)
    return Task(network, domain, flatten(network, domain), UNLIMITED, COUNT)


def listing_task(network: ReluNetwork, domain: BoundedDomain) -> AnyTask:
    """What all walks that list the regions of a domain share.

    Args:
        network: The network, with a hidden layer.
        domain: What cells serve.
    """
    make = plane_listing_task if domain.dim == 2 else space_listing_task
    return make(network, domain)


def whole(task: AnyTask) -> AnyWalk:
    """A walk over all of the domain."""
    return PlaneWalk(task) if isinstance(task, Task) else SpaceWalk(task)


def walk_to(task: AnyTask, sides: Sides) -> AnyWalk:
    """A walk over the one cell to which some cuts lead."""
    walk = whole(task)
    for side in sides:
        lower = halve(walk)
        walk = walk if side else lower
        assert walk is not None, "only a cell that was cut has sides"
    return walk


def halve(walk: AnyWalk) -> AnyWalk | None:
    """Cut the one cell of a walk, which keeps a half; None if it is a region."""
    while walk.parts_left == 1:
        walk.advance(work=1)
    return walk.give()


def listed(task: AnyTask, walk: AnyWalk, stop: Callable[[], bool]) -> Listing:
    """The regions of a walk of a task that lists, with all threads."""
    if isinstance(task, Task):
        assert isinstance(walk, PlaneWalk)
        team = Team(walk, stop, None)
        team.run()
        return plane_listing(task, team.walks)
    assert isinstance(walk, SpaceWalk)
    team = Team(walk, stop, None)
    team.run()
    return space_listing(task, team.walks)
