"""Checks in exact arithmetic: strict witnesses, and no region missing."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool

from regions.certificates.checks import Check, Progress
from regions.certificates.clipping import MAX_DIM
from regions.certificates.closure import ClosureProof
from regions.certificates.floats import describe_mismatch
from regions.certificates.integer_forms import (
    IntegerForms,
    Row,
    SignedRows,
    domain_rows,
    lies_inside,
    near,
    near_doubt,
    value,
    witness,
)
from regions.certificates.volumes import VolumeProof
from regions.certificates.watch import StoppedError, Watch
from regions.domains.shapes import WholeSpace
from regions.patterns.names import unit_name
from regions.results.region_table import RegionTable


def check_exactly(regions: RegionTable, watch: Watch) -> list[Check]:
    """Prove every witness, then completeness, in one pass over the regions."""
    proved = 0

    def note(done: int, total: int, what: str) -> None:
        nonlocal proved
        proved = done
        watch.tell(done, total, what)

    try:
        return _check_all(regions, watch, note)
    except StoppedError:
        text = f"{proved:,} of {len(regions):,} proved, then stopped: {watch.why}"
        return [
            Check("witnesses", None, text),
            Check("inside the domain", None, text),
            Check("completeness", None, f"stopped before it was proved: {watch.why}"),
        ]


def _check_all(regions: RegionTable, watch: Watch, tell: Progress) -> list[Check]:
    """The same to the end.

    Raises:
        StoppedError: If it is time to stop.
    """
    watch.ask()
    forms = IntegerForms(regions.network, regions.domain)
    walls = domain_rows(regions.domain)
    proof = _completeness_proof(regions, watch)
    for done, (region, bits) in enumerate(_sorted_regions(regions)):
        point = witness(regions, region)
        if not lies_inside(point, walls, regions.domain):
            place = [float(v) for v in regions.coordinates[region]]
            return _stopped(
                "inside the domain",
                f"region {region}: the witness {place} is not strictly inside",
            )
        rows = forms.signed_rows(bits)
        problem = _problem(regions, region, bits, rows, point)
        if problem:
            return _stopped("witnesses", problem)
        if proof is not None:
            proof.add(region, bits, rows, point)
        tell(done + 1, len(regions), "proving regions")
    checks = [
        Check("witnesses", True, f"{len(regions):,} proved, with every sign strict"),
        Check("inside the domain", True, "every witness is strictly inside"),
    ]
    if proof is None:
        text = "the set does not claim to be complete"
        return [*checks, Check("completeness", None, text)]
    return [*checks, proof.finish(regions.complete)]


def _completeness_proof(
    regions: RegionTable, watch: Watch
) -> VolumeProof | ClosureProof | None:
    """The kind of proof that fits the domain; None if nothing is claimed."""
    domain = regions.domain
    if isinstance(domain, WholeSpace):
        return ClosureProof(regions, watch) if regions.complete else None
    round_ = domain.squared_radius is not None
    if domain.is_bounded and not round_ and domain.dim <= MAX_DIM:
        return VolumeProof(domain, watch)
    return ClosureProof(regions, watch) if regions.complete else None


def _stopped(name: str, detail: str) -> list[Check]:
    """A failure, after which completeness means nothing."""
    return [
        Check(name, False, detail),
        Check("completeness", None, "a witness failed"),
    ]


def _sorted_regions(
    regions: RegionTable,
) -> Iterator[tuple[int, Bool[np.ndarray, " bits"]]]:
    """Regions in the order of their patterns, earlier units first."""
    bits = regions.pattern_bits()
    order = np.lexsort(bits.T[::-1]) if bits.shape[1] else np.arange(len(bits))
    for region in order.tolist():
        yield region, bits[region]


def _problem(
    regions: RegionTable,
    region: int,
    bits: Bool[np.ndarray, " bits"],
    rows: SignedRows,
    point: Row,
) -> str:
    """Why a point does not have a pattern with every sign strict; empty if it does.

    As long as the signs agree, the rows of the pattern are the network at the point. A
    unit that is identically zero on the region counts as off.
    """
    rounded = near([point], len(point))[0]
    open_ = ~(rows.near @ rounded > near_doubt(len(point)))
    for bit in np.flatnonzero(open_).tolist():
        row = rows.exact[bit]
        sign = value(row, point)
        if sign > 0 or (not bits[bit] and not any(row)):
            continue
        forms = IntegerForms(regions.network, regions.domain)
        found = forms.pattern_at(point)
        if (found != bits).any():
            return describe_mismatch(regions, region, found, bits)
        unit = unit_name(regions.network.units[bit])
        return (
            f"region {region}: {unit} is zero at the witness, which lies on the "
            "boundary: a witness was moved"
        )
    return ""
