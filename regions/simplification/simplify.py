"""Smaller networks that are exactly equal on a domain.

Units that are constantly off, constantly on, copies of others or read by nobody are
removed where float64 has the weights that this takes. What is known of a unit is
proved, by exact interval bounds or by a complete enumeration of the domain, and with
an enumeration the result is compared with the original on every region.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration import enumerate_regions
from regions.errors import RegionsError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ReluNetwork
from regions.results.region_set import RegionSet
from regions.simplification.equality import equal_on_regions
from regions.simplification.interval_bounds import pre_activation_bounds
from regions.simplification.rewriting import Draft, num_parameters

Unit = tuple[int, int]
"""Layer and unit, both counted from 0."""
Progress = Callable[[int, int], None]


class Fact(NamedTuple):
    """What is proved of a unit on the domain.

    Attributes:
        on: Whether its pre-activation is never negative; else it is never positive.
        reason: How that is known.
    """

    on: bool
    reason: str


class Change(NamedTuple):
    """What happened to a unit.

    Attributes:
        unit: Layer and unit in the original network, counted from 0.
        action: `removed` (its activation is zero), `folded` (its readers read its
            sources), `merged` (into a proportional unit), `unread` (removed: no later
            layer reads it), `linear` (kept, with slope 1: it takes no bit), or `kept`
            (it could be removed, had float64 the weights).
        reason: What is proved of the unit.
    """

    unit: Unit
    action: str
    reason: str


class Size(NamedTuple):
    """Size of a network: hidden units, those with a bit, weights and biases."""

    units: int
    bits: int
    parameters: int


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SimplifyReport:
    """How a network was made smaller, and what proves that it is the same.

    Attributes:
        before: Size of the original.
        after: Size of the result.
        changes: One entry per unit that was touched or could not be.
        origins: Unit of the original that each hidden unit of the result was.
        regions: Regions of the original in the domain, if all were enumerated.
        equal_on: Regions on which both networks were found to have the same affine
            map in rational arithmetic: all of them, or None without an enumeration,
            where equality rests on each change being exact.
        stopped: Why the enumeration was given up, such as `interrupted`; None if it
            was not.
    """

    before: Size
    after: Size
    changes: tuple[Change, ...]
    origins: tuple[Unit, ...]
    regions: int | None
    equal_on: int | None
    stopped: str | None = None

    def __repr__(self) -> str:
        return f"SimplifyReport({'; '.join(str(self).splitlines())})"

    def __str__(self) -> str:
        pairs = zip(Size._fields, self.before, self.after, strict=True)
        lines = [f"{name}: {old:,} -> {new:,}" for name, old, new in pairs]
        if self.equal_on is not None:
            where = _all_regions(self.equal_on)
            lines.append(f"equal on {where}, in exact arithmetic")
        elif self.stopped is not None:
            lines.append(
                "equal change by change; not all regions were enumerated "
                f"({self.stopped})"
            )
        else:
            lines.append("equal change by change; the regions were not enumerated")
        return "\n".join(lines)


def _all_regions(count: int) -> str:
    """`all 4 regions`, in the singular for one."""
    return "the only region" if count == 1 else f"all {count:,} regions"


class Simplified(NamedTuple):
    """A smaller network, and the report on it."""

    network: ReluNetwork
    report: SimplifyReport


@kinds_checked
def simplify(
    network: NetworkLike,
    domain: DomainLike,
    *,
    max_regions: int | None = 5000,
    max_seconds: float | None = 60.0,
    stop: Callable[[], bool] = never,
    enumerate_domain: bool = True,
    progress: Progress | None = None,
) -> Simplified:
    """A network with fewer units that is exactly equal on `domain`.

    Stably off ReLU units vanish. Stably on units, and stably off ones of another slope,
    are linear there: they are folded into the layers that read them where no weight
    rounds and that makes the network no larger, and get slope 1 otherwise, so that
    they take no bit. Of units with proportional weights (by a positive factor) one is
    kept where no sum of weights rounds.

    Args:
        network: The network.
        domain: Where it must stay the same.
        max_regions: Give up the enumeration at so many regions.
        max_seconds: Give up the enumeration after this time.
        stop: Give up the enumeration when it says so, as when a key was pressed.
        enumerate_domain: Whether to enumerate at all; if not, or if it is given up,
            only exact interval bounds say which units keep their sign.
        progress: Called with (done, total) during the enumeration.

    Raises:
        ValueError: If the domain does not fit the network.

    Example:
        >>> from regions.domains.shapes import Box
        >>> weights, biases = [[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, -3.0], [0.0]]
        >>> net = ReluNetwork.from_arrays(weights, biases)
        >>> small, report = simplify(net, Box([-1], [1]))
        >>> small.widths, report.equal_on
        ((1,), 2)
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    found = stopped = None
    if enumerate_domain:
        found = enumerate_regions(
            network,
            domain,
            progress=progress,
            max_regions=max_regions,
            max_seconds=max_seconds,
            stop=stop,
        )
        if not found.complete:
            stopped, found = str(found.count.stats.get("stopped", "unknown")), None
    facts = constant_units(network, domain, found)
    small, origins, changes = _rewrite(network, facts)
    equal_on = None if found is None else _compare(found, small, origins)
    report = SimplifyReport(
        before=size(network),
        after=size(small),
        changes=tuple(changes),
        origins=tuple(origins),
        regions=None if found is None else len(found),
        equal_on=equal_on,
        stopped=stopped,
    )
    return Simplified(small, report)


def _compare(found: RegionSet, small: ReluNetwork, origins: list[Unit]) -> int:
    """On how many regions both are equal; raises unless on all."""
    equal_on = equal_on_regions(found, small, origins)
    if equal_on != len(found):
        raise RegionsError(
            f"the smaller network agrees on {equal_on} of {len(found)} regions "
            "alone: this is an error of the program, not of the network."
        )
    return equal_on


def size(network: ReluNetwork) -> Size:
    """How large a network is."""
    return Size(sum(network.widths), network.num_bits, num_parameters(network))


def constant_units(
    network: ReluNetwork, domain: Domain, found: RegionSet | None
) -> dict[Unit, Fact]:
    """Units with a kink whose pre-activation keeps its sign on the domain.

    Args:
        network: The network.
        domain: The domain.
        found: Its regions there, all of them, if known.
    """
    facts: dict[Unit, Fact] = {}
    if found is not None:
        assert found.complete
        counts = found.pattern_bits().sum(0)
        for unit, count in zip(network.units, counts.tolist(), strict=True):
            if count in (0, len(found)):
                side = "on" if count else "off"
                reason = f"{side} in {_all_regions(len(found))}"
                facts[unit] = Fact(count > 0, reason)
    if isinstance(domain, WholeSpace):
        return facts
    bounds = pre_activation_bounds(network, domain)
    for layer, unit in network.units:
        low, high = bounds[layer][unit]
        if high <= 0:
            facts[layer, unit] = Fact(False, f"pre <= {_rounded(high)} by its bounds")
        elif low >= 0:
            facts[layer, unit] = Fact(True, f"pre >= {_rounded(low)} by its bounds")
    return facts


def _rounded(value: Any) -> str:
    """A rational number for the eye, also beyond the range of float64."""
    try:
        return f"{float(value):.4g}"
    except OverflowError:
        return f"{'-' if value < 0 else ''}inf"


def _rewrite(
    network: ReluNetwork, facts: Mapping[Unit, Fact]
) -> tuple[ReluNetwork, list[Unit], list[Change]]:
    """The smaller network, its units' origins, and the changes in order of units."""
    draft, changes = Draft(network), dict[Unit, Change]()
    # All of these first: rows that vanish cannot stand in the way of a folding.
    for unit, fact in facts.items():
        if not fact.on and draft.slopes[unit[0]][unit[1]] == 0.0:
            draft.remove(*unit)
            changes[unit] = Change(unit, "removed", fact.reason)
    _remove_unread(draft, changes)
    for layer in range(len(network.hidden)):
        _linearize(draft, layer, facts, changes)
        _merge(draft, layer, changes)
        draft = _fold(draft, layer, changes)
    _remove_unread(draft, changes)
    small, origins = draft.finish()
    return small, origins, [changes[unit] for unit in sorted(changes)]


def _linearize(
    draft: Draft,
    layer: int,
    facts: Mapping[Unit, Fact],
    changes: dict[Unit, Change],
) -> None:
    """Give slope 1 to the units of a layer that keep their sign."""
    for unit in draft.units(layer):
        fact = facts.get((layer, unit))
        if fact is None:
            continue
        factor = 1.0 if fact.on else float(draft.slopes[layer][unit])
        done = draft.linearize(layer, unit, factor)
        changes[layer, unit] = Change(
            (layer, unit), "linear" if done else "kept", fact.reason
        )


def _merge(draft: Draft, layer: int, changes: dict[Unit, Change]) -> None:
    """Merge the units of a layer whose rows are proportional, by a positive factor."""
    alike: dict[tuple[Fraction, ...], list[tuple[int, Fraction]]] = defaultdict(list)
    for unit in draft.units(layer):
        row = draft.row(layer, unit)
        size = next((abs(v) for v in row if v != 0), None)
        if size is not None:
            slope = Fraction(float(draft.slopes[layer][unit]))
            alike[slope, *(v / size for v in row)].append((unit, size))
    for members in alike.values():
        _merge_all(draft, layer, members, changes)


def _merge_all(
    draft: Draft,
    layer: int,
    members: list[tuple[int, Fraction]],
    changes: dict[Unit, Change],
) -> None:
    """Merge units that are multiples of each other, by the sizes given with them."""
    kept: list[tuple[int, Fraction]] = []
    for unit, size in members:
        for place, (other, held) in enumerate(kept):
            if draft.merge(layer, unit, other, size / held):
                changes[layer, unit] = _merged((layer, unit), size / held, other)
                break
            if draft.merge(layer, other, unit, held / size):
                changes[layer, other] = _merged((layer, other), held / size, unit)
                kept[place] = (unit, size)
                break
        else:
            if kept:
                other, held = kept[0]
                known = _merged((layer, unit), size / held, other)
                changes.setdefault(known.unit, known._replace(action="kept"))
            kept.append((unit, size))


def _merged(unit: Unit, factor: Fraction, other: int) -> Change:
    """The change of a unit that is `factor` times another of its layer."""
    times = "equal to" if factor == 1 else f"{float(factor):.6g} times"
    return Change(unit, "merged", f"{times} unit {other + 1} of its layer")


def _fold(draft: Draft, layer: int, changes: dict[Unit, Change]) -> Draft:
    """Fold the linear units of a layer, if that makes the network no larger."""
    linear = [u for u in draft.units(layer) if draft.slopes[layer][u] == 1.0]
    constant = [u for u in linear if not any(draft.row(layer, u)[:-1])]
    # Constants add nothing to what the readers read: they are not held up by others.
    for units in (constant, [u for u in linear if u not in constant]):
        trial = draft.copy()
        folded = [u for u in units if trial.fold(layer, u, 1.0)]
        if not folded or trial.num_parameters() > draft.num_parameters():
            continue
        draft = trial
        for unit in folded:
            known = changes.get((layer, unit))
            reason = known.reason if known is not None else "slope 1"
            changes[layer, unit] = Change((layer, unit), "folded", reason)
    return draft


def _remove_unread(draft: Draft, changes: dict[Unit, Change]) -> None:
    """Remove units that no later layer reads, last layer first."""
    for layer in reversed(range(len(draft.alive))):
        for unit in draft.units(layer):
            if not draft.is_read(layer, unit):
                draft.remove(layer, unit)
                changes[layer, unit] = Change(
                    (layer, unit), "unread", "no later layer reads it"
                )
