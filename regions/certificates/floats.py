"""Checks in float64: patterns of the witnesses, places, volumes, a grid.

Written for this purpose alone: no engine, no linear program, no shared geometry.
"""

import itertools
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int, UInt8

from regions.certificates.checks import Check
from regions.certificates.facets import facets
from regions.certificates.integer_forms import (
    IntegerForms,
    domain_rows,
    lies_inside,
    witness,
)
from regions.certificates.members import sorted_order
from regions.certificates.watch import Watch
from regions.domains.shapes import Ball, WholeSpace
from regions.patterns.names import unit_name
from regions.results.region_table import RegionTable

CHUNK = 4096
NEARLY = 1.0 - 1e-9
"""Share of a squared radius below which a point lies in a ball, however it rounds."""


@runtime_checkable
class MetPatterns(Protocol):
    """What a grid found, as far as it is compared: `regions.grid` takes no part."""

    @property
    def patterns(self) -> UInt8[np.ndarray, "labels bytes"]:
        """Packed patterns that it met."""
        ...

    @property
    def strict(self) -> Bool[np.ndarray, " labels"]:
        """Which were met strictly inside a region."""
        ...


def check_distinct(regions: RegionTable) -> Check:
    """Whether no pattern occurs twice, and none uses bits beyond the units."""
    name, patterns = "distinct patterns", regions.patterns
    bits, count = regions.network.num_bits, len(regions)
    if patterns.shape[1] != (bits + 7) // 8 or len(regions.coordinates) != count:
        return Check(
            name,
            False,
            f"patterns of shape {patterns.shape} and witnesses of shape "
            f"{regions.coordinates.shape} do not belong to {bits} units",
        )
    if bits % 8 and count:
        spare = np.flatnonzero(patterns[:, -1] >> (bits % 8))
        if len(spare):
            return Check(
                name, False, f"region {spare[0]}: bits beyond its {bits} units"
            )
    # Equal ones follow each other, the first one first.
    order = sorted_order(patterns)
    again = (patterns[order[1:]] == patterns[order[:-1]]).all(1)
    if again.any():
        starts = np.maximum.accumulate(np.where(again, 0, np.arange(1, count)))
        place = np.flatnonzero(again)[np.argmin(order[1:][again])]
        twin, copy = order[starts[place]], order[place + 1]
        return Check(name, False, f"regions {twin} and {copy} have one pattern")
    return Check(name, True, f"{count:,} region{'s' * (count != 1)}, all different")


def check_witnesses(
    regions: RegionTable, sound: Bool[np.ndarray, " regions"], watch: Watch
) -> Check:
    """Whether every witness has its region's pattern, evaluated anew.

    Args:
        regions: The regions.
        sound: Those of which it is proved already.
        watch: Asked often.
    """
    name = "witnesses"
    chart = regions.domain.restrict(regions.network)
    forms = None
    count, settled = len(regions), 0
    left = np.flatnonzero(~sound)
    for part in chunks(len(left)):
        some = left[part]
        claimed = regions.pattern_bits(some)
        found = chart.patterns(regions.coordinates[some])
        doubtful = (found != claimed).any(1) | _has_exact_witness(regions, some)
        for row in np.flatnonzero(doubtful):
            watch.ask()
            region = int(some[row])
            # A witness close to a boundary may be wronged by rounding, and one that is
            # kept as fractions is no float: look exactly.
            forms = forms or IntegerForms(regions.network, regions.domain)
            truth = forms.pattern_at(witness(regions, region))
            if (truth != claimed[row]).any():
                detail = describe_mismatch(regions, region, truth, claimed[row])
                return Check(name, False, detail)
            settled += 1
        watch.tell(count - len(left) + part.stop, count, name)
    note = f", {settled} of them exactly" if settled else ""
    return Check(name, True, f"{count:,} patterns recomputed{note}")


def describe_mismatch(
    regions: RegionTable,
    region: int,
    found: Bool[np.ndarray, " bits"],
    claimed: Bool[np.ndarray, " bits"],
) -> str:
    """One line on a witness whose pattern is not that of its region."""
    differing = np.flatnonzero(found != claimed)
    unit = unit_name(regions.network.units[int(differing[0])])
    state = "on" if found[differing[0]] else "off"
    packed = np.packbits(found, bitorder="little")
    owner = np.flatnonzero((regions.patterns == packed).all(1))
    text = (
        f"region {region}: {unit} is {state} at the witness, not as in the pattern "
        f"({len(differing)} of {len(found)} bits differ)"
    )
    if len(owner):
        return f"{text}; the witness lies in region {owner[0]}: a witness was moved"
    return (
        f"{text}; the witness's pattern is no member's: a bit was flipped, or the "
        "network is another one"
    )


def check_inside(
    regions: RegionTable, sound: Bool[np.ndarray, " regions"], watch: Watch
) -> Check:
    """Whether every witness lies strictly inside the domain, likewise."""
    name, domain = "inside the domain", regions.domain
    if isinstance(domain, WholeSpace):
        return Check(name, True, "the domain is the whole space")
    A, b = facets(domain)
    walls = domain_rows(domain)
    left = np.flatnonzero(~sound)
    for part in chunks(len(left)):
        some = left[part]
        points = regions.coordinates[some]
        doubtful = np.array((points @ A.T >= b).any(1))
        if isinstance(domain, Ball) and domain.squared_radius is not None:
            # The square of the radius may be no float64 number.
            shares = points / domain.radius
            doubtful |= ~((shares * shares).sum(axis=1) < NEARLY)
        doubtful |= _has_exact_witness(regions, some)
        for row in np.flatnonzero(doubtful):
            watch.ask()
            region = int(some[row])
            if not lies_inside(witness(regions, region), walls, domain):
                kept = "exact " if region in regions.exact_witnesses else ""
                return Check(
                    name,
                    False,
                    f"region {region}: the {kept}witness is not strictly inside the "
                    f"domain (near {points[row].tolist()})",
                )
    return Check(name, True, "every witness is strictly inside")


def check_finite(regions: RegionTable) -> Check:
    """Whether every coordinate of a witness is a number."""
    bad = np.flatnonzero(~np.isfinite(regions.coordinates).all(1))
    if len(bad):
        point = regions.coordinates[bad[0]].tolist()
        return Check("witnesses", False, f"region {bad[0]}: {point} is no point")
    return Check("witnesses", True, "all are points")


def _has_exact_witness(
    regions: RegionTable, some: Int[np.ndarray, " some"]
) -> Bool[np.ndarray, " some"]:
    """Which of some regions have a witness in fractions."""
    return np.isin(some, list(regions.exact_witnesses))


def check_grid(regions: RegionTable, grid: UInt8[np.ndarray, "labels bytes"]) -> Check:
    """Whether all patterns that a grid met are among the members."""
    name = "grid"
    members = {row.tobytes() for row in regions.patterns}
    missing = [k for k, row in enumerate(grid) if row.tobytes() not in members]
    if missing:
        return Check(
            name,
            False,
            f"{len(missing)} of {len(grid)} patterns of the grid are no members, the "
            f"first is that of label {missing[0]}: regions are missing",
        )
    return Check(name, True, f"all {len(grid):,} patterns of the grid are members")


def chunks(count: int, size: int = CHUNK) -> Iterator[slice]:
    """Slices that cover `range(count)`."""
    for start, stop in itertools.pairwise([*range(0, count, size), count]):
        yield slice(start, stop)
