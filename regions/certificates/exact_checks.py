"""Checks in exact arithmetic: strict witnesses, and no region missing."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int

from regions.certificates.checks import Check, Progress
from regions.certificates.closure import ClosureProof, CornerClosure
from regions.certificates.floating import float_proofs
from regions.certificates.floats import chunks, describe_mismatch
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
from regions.certificates.local_proofs import has_corners, proved_regions
from regions.certificates.members import sorted_order
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
    sound, closed = _proved_by_bounds(regions, watch, tell)
    proof = _completeness_proof(regions, watch)
    if not isinstance(proof, CornerClosure):
        closed[:] = proof is None
    left = np.flatnonzero(~(sound & closed))
    if len(left):
        walls, done = domain_rows(regions.domain), len(regions) - len(left)
        for region, bits, rows, point in _in_integers(regions, left):
            if not sound[region]:
                failed = _witness_check(regions, region, bits, rows, point, walls)
                if failed is not None:
                    return [failed, Check("completeness", None, "a witness failed")]
            if proof is not None and not closed[region]:
                proof.add(region, bits, rows, point)
            done += 1
            tell(done, len(regions), "proving regions")
    checks = [
        Check("witnesses", True, f"{len(regions):,} proved, with every sign strict"),
        Check("inside the domain", True, "every witness is strictly inside"),
    ]
    if proof is None:
        text = "the set does not claim to be complete"
        return [*checks, Check("completeness", None, text)]
    check = proof.finish(regions.complete)
    if isinstance(proof, CornerClosure) and not check.passed:
        check = _by_volumes(regions, watch)
    return [*checks, check]


def _proved_by_bounds(
    regions: RegionTable, watch: Watch, tell: Progress
) -> tuple[Bool[np.ndarray, " regions"], Bool[np.ndarray, " regions"]]:
    """Which regions have their witnesses, and their neighbors, proved in float64."""
    sound, closed = np.zeros((2, len(regions)), bool)
    if not has_corners(regions.domain):
        return sound, closed
    done = 0
    with float_proofs():
        for found in proved_regions(regions, watch, with_volumes=False):
            sound[found.regions], closed[found.regions] = found.sound, found.closed
            done += int((found.sound & found.closed).sum())
            tell(done, len(regions), "proving regions")
    return sound, closed


def _completeness_proof(
    regions: RegionTable, watch: Watch
) -> VolumeProof | CornerClosure | ClosureProof | None:
    """The kind of proof that fits the domain; None if nothing is claimed."""
    domain = regions.domain
    if has_corners(domain):
        assert not isinstance(domain, WholeSpace)
        if regions.complete and len(regions):
            return CornerClosure(regions, domain, watch)
        return VolumeProof(domain, watch)
    return ClosureProof(regions, watch) if regions.complete else None


def _by_volumes(regions: RegionTable, watch: Watch) -> Check:
    """What is missing of a list whose witnesses are proved, and where."""
    assert not isinstance(regions.domain, WholeSpace)
    proof = VolumeProof(regions.domain, watch)
    for region, bits, rows, point in _in_integers(regions, np.arange(len(regions))):
        proof.add(region, bits, rows, point)
    return proof.finish(regions.complete)


def _in_integers(
    regions: RegionTable, some: Int[np.ndarray, " some"]
) -> Iterator[tuple[int, Bool[np.ndarray, " bits"], SignedRows, Row]]:
    """Regions in the order of their patterns: these, their rows and their witnesses."""
    forms = IntegerForms(regions.network, regions.domain)
    order = some[sorted_order(regions.patterns[some])]
    for part in chunks(len(order)):
        for region, bits in zip(
            order[part].tolist(), regions.pattern_bits(order[part]), strict=True
        ):
            yield region, bits, forms.signed_rows(bits), witness(regions, region)


def _witness_check(
    regions: RegionTable,
    region: int,
    bits: Bool[np.ndarray, " bits"],
    rows: SignedRows,
    point: Row,
    walls: list[Row],
) -> Check | None:
    """What is wrong with a witness, if anything is."""
    if not lies_inside(point, walls, regions.domain):
        place = [float(v) for v in regions.coordinates[region]]
        detail = f"region {region}: the witness {place} is not strictly inside"
        return Check("inside the domain", False, detail)
    problem = _problem(regions, region, bits, rows, point)
    return Check("witnesses", False, problem) if problem else None


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
