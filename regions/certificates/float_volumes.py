"""Whether members are all in float64: by facets, or by volumes.

Where each facet is proved to lead to a member, no volume is needed. Elsewhere the
volume of each member comes from its own halfspaces.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.certificates.bounded_forms import BoundedForms
from regions.certificates.checks import Check
from regions.certificates.facets import facets
from regions.certificates.integer_forms import IntegerForms, Row
from regions.certificates.local_proofs import proved_regions
from regions.certificates.watch import Watch
from regions.domains.shapes import Ball, Domain, HPolytope, WholeSpace
from regions.results.region_table import RegionTable

RELATIVE_ERROR = 1e-9
"""Volumes that agree to this part of the domain's volume count as equal."""

THINNEST = 1e-6
"""A side shorter than this part of its coordinates leaves too few digits."""

SMALLEST = 2.0**-900
"""Below this, parts of a volume are lost to underflow."""

ROW_ERROR, LOOKED_AT, LEADING_BITS = 1e-10, 64, 60
"""Rows may err by this part of their largest entry, in so many regions; they are
compared by so many bits."""

MAX_QHULL_REGIONS = 50_000
"""Beyond this many polytopes of dimension 3, float volumes take minutes."""


def check_complete(
    regions: RegionTable, sound: Bool[np.ndarray, " regions"], watch: Watch
) -> Check:
    """Whether all facets lead to members, or volumes add up to that of the domain.

    Args:
        regions: The regions.
        sound: Marked where a witness is proved to be inside region and domain.
        watch: Asked often.
    """
    name, domain = "completeness", regions.domain
    reason = _not_affordable(regions)
    if reason:
        return Check(name, None, reason)
    if len(regions) and _are_closed(regions, sound, watch):
        text = f"all facets of {len(regions):,} regions lead to members"
        return Check(name, True, text)
    total, loses_digits, done = 0.0, None, 0
    bits = regions.network.num_bits
    for found in proved_regions(regions, watch, with_volumes=True):
        sound[found.regions] = found.sound
        total += float(np.nansum(found.volumes))
        left = np.flatnonzero(np.isnan(found.volumes))
        if len(left):
            own = found.rows.of(left)
            is_sure = own.errors < ROW_ERROR * own.sizes
            if loses_digits is None and not is_sure[:, :bits].all():
                loses_digits = _loses_digits(regions)
            if loses_digits:
                text = "rounding takes too much of a row: use exact=True"
                return Check(name, None, text)
            rows = np.ascontiguousarray(own.rows[..., :bits].swapaxes(1, 2))
            if not np.isfinite(rows).all():
                return Check(name, None, "a row overflows float64: use exact=True")
            points = regions.coordinates[found.regions[left]]
            sizes = _volumes(domain, rows, points, watch)
            if sizes is None:
                text = "Qhull gave up on a thin region: use exact=True"
                return Check(name, None, text)
            total += float(sizes.sum())
        done += len(found.regions)
        watch.tell(done, len(regions), "volumes")
    expected = _float_volume(domain)
    if not np.isfinite(total) or not SMALLEST < expected < np.inf:
        return Check(
            name, None, "the volumes leave the range of float64: use exact=True"
        )
    missing = (expected - total) / expected
    passed = abs(missing) <= RELATIVE_ERROR
    text = f"volumes sum to {total:.12g} of {expected:.12g}"
    if passed:
        note = f"equal within {RELATIVE_ERROR:g}; less than that would not be seen"
        return Check(name, True, f"{text}: {note}")
    what = "regions are missing" if missing > 0 else "regions overlap"
    if not regions.complete and missing > 0:
        return Check(name, None, f"{text}: not all, and the set does not claim so")
    return Check(name, False, f"{text}: {what} ({abs(missing):.3g} of the domain)")


def _are_closed(
    regions: RegionTable, sound: Bool[np.ndarray, " regions"], watch: Watch
) -> bool:
    """Whether witness and facets of all regions are proved; ends where one is open."""
    done = 0
    for found in proved_regions(regions, watch, with_volumes=False):
        sound[found.regions] = found.sound
        if not (found.sound & found.closed).all():
            return False
        done += len(found.regions)
        watch.tell(done, len(regions), "facets")
    return True


def _loses_digits(regions: RegionTable) -> bool:
    """Whether a row of some regions differs much from the exact one.

    Cancellation and underflow do that. All regions of a small set are looked at.
    """
    forms = IntegerForms(regions.network, regions.domain)
    last = len(regions) - 1
    chosen = np.unique(np.linspace(0, last, LOOKED_AT, dtype=np.int64))
    bits = regions.pattern_bits(chosen)
    forms_near = BoundedForms(regions.network, regions.domain).of(bits)
    found = forms_near.of(np.arange(len(bits))).rows[..., : bits.shape[1]]
    for pattern, near in zip(bits, found.swapaxes(1, 2), strict=True):
        exact = np.array(_leading(forms.signed_rows(pattern).exact), float)
        exact = _to_unit(exact.reshape(near.shape))
        off = np.abs(_to_unit(near) - exact).max(1, initial=0.0)
        if not (off < ROW_ERROR).all():
            return True
    return False


def _leading(rows: list[Row]) -> list[list[int]]:
    """Integer rows cut to the leading bits of their largest entries."""
    sizes = [max(int(v).bit_length() for v in row) for row in rows]
    drop = [max(0, size - LEADING_BITS) for size in sizes]
    return [[int(v >> bits) for v in row] for row, bits in zip(rows, drop, strict=True)]


def _to_unit(rows: Float64[np.ndarray, "rows entries"]) -> np.ndarray:
    """Rows over their largest entries; zeros stay."""
    largest = np.abs(rows).max(1, keepdims=True, initial=0.0)
    return rows / np.where(largest > 0.0, largest, 1.0)


def _float_volume(domain: Domain) -> float:
    """The volume of a bounded domain, infinite where float64 has no such number."""
    try:
        return float(domain.rational_volume())  # pyright: ignore[reportAttributeAccessIssue]
    except OverflowError:
        return float("inf")


def _not_affordable(regions: RegionTable) -> str:
    """Why no completeness check is made; empty if one is."""
    if isinstance(regions.domain, WholeSpace) or not regions.domain.is_bounded:
        return "an unbounded domain has no volume: use exact=True"
    if regions.domain.squared_radius is not None:
        return "regions in a ball are no polytopes: use exact=True"
    if not len(regions):
        return "no region at all" if not regions.complete else ""
    if regions.domain.dim > 3:
        return f"volumes in dimension {regions.domain.dim} are slow: use exact=True"
    if regions.domain.dim == 3 and len(regions) > MAX_QHULL_REGIONS:
        return f"{len(regions):,} polytopes are too many: use exact=True"
    box = regions.domain.chart_box()
    size = np.maximum(np.abs(box.lower), np.abs(box.upper))
    if ((box.upper - box.lower) < THINNEST * size).any():
        return "the domain is too thin for float64 volumes: use exact=True"
    return ""


def _volumes(
    domain: Domain,
    rows: Float64[np.ndarray, "regions rows dim_plus_1"],
    witnesses: Float64[np.ndarray, "regions dim"],
    watch: Watch,
) -> Float64[np.ndarray, " regions"] | None:
    """Volume of each polytope; None if Qhull fails."""
    if domain.dim <= 2 and isinstance(domain, HPolytope | Ball):
        A, b = facets(domain)
        walls = np.column_stack([-A, b])
        rows = np.concatenate([np.tile(walls, (len(rows), 1, 1)), rows], axis=1)
        domain = domain.chart_box()
    if domain.dim == 1:
        return _lengths(domain, rows)
    if domain.dim == 2:
        return _areas(domain, rows, witnesses)
    return _qhull_volumes(domain, rows, witnesses, watch)


def _lengths(
    domain: Domain, rows: Float64[np.ndarray, "regions rows 2"]
) -> Float64[np.ndarray, " regions"]:
    """Lengths of the intervals `rows >= 0` in the domain."""
    _, b = facets(domain)
    slope, offset = rows[:, :, 0], rows[:, :, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = -offset / slope
    low = np.where(slope > 0, roots, -b[0]).max(1, initial=-b[0])
    high = np.where(slope < 0, roots, b[1]).min(1, initial=b[1])
    return np.maximum(high - low, 0.0)


def _areas(
    domain: Domain,
    rows: Float64[np.ndarray, "regions rows 3"],
    points: Float64[np.ndarray, "regions 2"],
) -> Float64[np.ndarray, " regions"]:
    """Areas of the polygons `rows >= 0` in the domain, clipped row by row.

    The lines nearest to a point of each polygon come first: one that is farther from it
    than all corners cuts nothing, nor do those after it.
    """
    corners = _domain_corners(domain)
    polygons = np.tile(corners, (len(rows), 1, 1))
    sizes = np.full(len(rows), len(corners))
    order, distances = _nearest_first(rows, points)
    reach = _reach(polygons, sizes, points)
    left = np.arange(len(rows))
    for k in range(rows.shape[1]):
        # Where rounding takes the numbers, the row is tried.
        left = left[~(distances[left, k] >= reach[left])]
        if not len(left):
            break
        row, some = rows[left, order[left, k]], polygons[left]
        values = (some @ row[:, :2, None])[:, :, 0] + row[:, 2:]
        valid = np.arange(polygons.shape[1]) < sizes[left, None]
        is_cut = (valid & (values < 0.0)).any(1)
        if is_cut.any():
            cut = left[is_cut]
            clipped, sizes[cut] = _clip(some[is_cut], sizes[cut], values[is_cut])
            extra = clipped.shape[1] - polygons.shape[1]
            if extra > 0:
                polygons = np.pad(polygons, ((0, 0), (0, extra), (0, 0)))
            polygons[cut, : clipped.shape[1]] = clipped
            reach[cut] = _reach(clipped, sizes[cut], points[cut])
    return _shoelace(polygons, sizes)


def _nearest_first(
    rows: Float64[np.ndarray, "regions rows 3"],
    points: Float64[np.ndarray, "regions 2"],
) -> tuple[
    Int[np.ndarray, "regions rows"],
    Float64[np.ndarray, "regions rows"],
]:
    """Rows by the distance of a point inside to their lines, and these distances.

    Constants come last where they are not negative, else first.
    """
    with np.errstate(all="ignore"):
        values = (rows[:, :, :2] @ points[:, :, None])[:, :, 0] + rows[:, :, 2]
        steep = np.hypot(rows[:, :, 0], rows[:, :, 1])
        distances = values / steep
        distances[(steep == 0.0) & (values == 0.0)] = np.inf
    distances[np.isnan(distances)] = -np.inf
    order = np.argsort(distances, axis=1)
    return order, np.take_along_axis(distances, order, axis=1)


def _reach(
    polygons: Float64[np.ndarray, "regions corners 2"],
    sizes: Int[np.ndarray, " regions"],
    points: Float64[np.ndarray, "regions 2"],
) -> Float64[np.ndarray, " regions"]:
    """A little more than the distance of a point to the farthest corner."""
    away = polygons - points[:, None]
    far = np.hypot(away[:, :, 0], away[:, :, 1])
    valid = np.arange(polygons.shape[1]) < sizes[:, None]
    return 1.000001 * np.where(valid, far, 0.0).max(1)


def _domain_corners(domain: Domain) -> Float64[np.ndarray, "corners 2"]:
    """Corners of a planar domain, counterclockwise."""
    A, b = facets(domain)
    if len(A) == 3:
        return np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    (x0, y0), (x1, y1) = -b[:2], b[2:]
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def _clip(
    polygons: Float64[np.ndarray, "some corners 2"],
    sizes: Int[np.ndarray, " some"],
    values: Float64[np.ndarray, "some corners"],
) -> tuple[Float64[np.ndarray, "some more 2"], Int[np.ndarray, " some"]]:
    """The part of each polygon where `values`, affine on it, is not negative."""
    count, width = values.shape
    index = np.arange(width)
    valid = index < sizes[:, None]
    after = np.where(index + 1 < sizes[:, None], index + 1, 0)
    rows = np.arange(count)[:, None]
    next_values, next_points = values[rows, after], polygons[rows, after]
    keep = valid & (values >= 0.0)
    cross = valid & ((values < 0.0) != (next_values < 0.0)) & (values != 0.0)
    cross &= next_values != 0.0
    gap = np.where(cross, values - next_values, 1.0)
    share = (values / gap)[:, :, None]
    middle = polygons + share * (next_points - polygons)
    # Each corner gives up to two: itself, then the crossing on the edge after it.
    points = np.stack([polygons, middle], 2).reshape(count, 2 * width, 2)
    chosen = np.stack([keep, cross], 2).reshape(count, 2 * width)
    left = chosen.sum(1)
    order = np.argsort(~chosen, axis=1, kind="stable")[:, : max(int(left.max()), 1)]
    return points[rows, order], left


def _shoelace(
    polygons: Float64[np.ndarray, "regions corners 2"],
    sizes: Int[np.ndarray, " regions"],
) -> Float64[np.ndarray, " regions"]:
    """Areas, around the first corner of each polygon."""
    index = np.arange(polygons.shape[1])
    away = polygons - polygons[:, :1]
    away = np.where((index < sizes[:, None])[:, :, None], away, 0.0)
    after = np.roll(away, -1, axis=1)
    cross = away[:, :, 0] * after[:, :, 1] - away[:, :, 1] * after[:, :, 0]
    return cross.sum(1) / 2.0


def _qhull_volumes(
    domain: Domain,
    rows: Float64[np.ndarray, "regions rows dim_plus_1"],
    witnesses: Float64[np.ndarray, "regions dim"],
    watch: Watch,
) -> Float64[np.ndarray, " regions"] | None:
    """Volumes by duality around each witness; about a millisecond each."""
    from scipy.spatial import ConvexHull, HalfspaceIntersection, QhullError

    A, b = facets(domain)
    walls = np.column_stack([A, -b])
    volumes = np.empty(len(rows))
    for k, (own, point) in enumerate(zip(rows, witnesses, strict=True)):
        watch.ask()
        faces = np.vstack([-own[own[:, :-1].any(1)], walls])
        faces /= np.linalg.norm(faces[:, :-1], axis=1)[:, None]
        if (faces[:, :-1] @ point + faces[:, -1] >= 0.0).any():
            return None
        try:
            corners = HalfspaceIntersection(faces, point).intersections
            low, size = corners.min(0), np.ptp(corners, axis=0)
            hull = ConvexHull((corners - low) / size, qhull_options="Qt Pp")
        except (QhullError, ValueError):  # ValueError: a corner overflowed.
            return None
        volumes[k] = hull.volume * size.prod()
    return volumes
