"""Both sides of polytopes that an affine function divides, against exact cuts."""

from fractions import Fraction

import numpy as np
import pytest

from regions.domains.corners import box_cell, split
from regions.domains.simplices import first_moments
from regions.polytopes.fans.measuring import KERNELS, measured_sides


def cut_box(rng, dim, cuts):
    """A box less some of its corners, with small integers: exact, and in floats."""
    cell = box_cell([-1] * dim, [1] * dim, 0)
    for k in range(cuts):
        row = [*rng.integers(-4, 5, dim).tolist(), 3]
        values = [sum(a * b for a, b in zip(row, c, strict=True)) for c in cell.corners]
        if min(values) < 0 < max(values):
            cell = split(cell, values, 2 * dim + k)[0]
    return cell


def as_arrays(cell):
    """The same as `measured_sides` takes one."""
    points = np.array([[float(v) for v in p] for p in cell.points()])
    return np.array([len(points)]), np.ascontiguousarray(points.T), cell.zeros


def sides(cell, row):
    """Exact volume and first moments where a form is positive, and where it is not."""
    values = [sum(a * b for a, b in zip(row, c, strict=True)) for c in cell.corners]
    nothing = Fraction(0), [Fraction(0)] * (len(row) - 1)
    if min(values) >= 0 or max(values) <= 0:
        whole = first_moments(cell)
        return (whole, nothing) if max(values) > 0 else (nothing, whole)
    return [first_moments(part) for part in split(cell, values, 60)]


def inside(found, expected):
    """Whether measures hold exact values; the largest error that they allow."""
    volume, firsts = expected
    pairs = [(found.volume[0], found.volume_error[0], volume)]
    for axis, first in enumerate(firsts):
        of_axis = found.integral[axis, 0, 0], found.integral_error[axis, 0, 0]
        pairs.append((*of_axis, first))
    holds = all(abs(Fraction(v) - w) <= Fraction(e) for v, e, w in pairs)
    return holds, max(e for _, e, _ in pairs)


@pytest.mark.parametrize("dim", [2, 3, 4, 5])
@pytest.mark.parametrize("plain", [True, False])
def test_sides_are_those_of_exact_cuts(dim, plain):
    """Through corners too: forms of small integers vanish there."""
    rng = np.random.default_rng(dim)
    for case in range(12):
        cell = cut_box(rng, dim, case % 4)
        row = [*rng.integers(-3, 4, dim).tolist(), int(rng.integers(-1, 2))]
        if not any(row):
            continue
        end, x, zeros = as_arrays(cell)
        value = np.array(row[:-1]) @ x + row[-1]
        reach = np.full(end[0], 2.0**-52)
        given = end, x, reach, np.array([zeros]), value, np.full(end[0], 2.0**-48)
        if plain:
            with KERNELS.switched_off():
                found = measured_sides(*given)
        else:
            found = measured_sides(*given)
        for part, expected in zip(found, sides(cell, row), strict=True):
            holds, error = inside(part, expected)
            assert holds
            assert error < 1e-9


def test_the_bound_holds_for_all_functions_within_the_doubt():
    """And is no more than some times what the worst of them is off by."""
    rng = np.random.default_rng(0)
    for dim in (2, 3, 4):
        for doubt in (0.5, 1 / 64):
            cell = cut_box(rng, dim, 2)
            row = [*rng.integers(1, 4, dim).tolist(), 0]
            end, x, zeros = as_arrays(cell)
            value = np.array(row[:-1]) @ x
            given = end, x, np.zeros(end[0]), np.array([zeros]), value
            found = measured_sides(*given, np.full(end[0], doubt))
            most = 0.0
            for lift in (-1, 1):
                moved = [64 * a for a in row]
                moved[-1] = int(lift * 64 * doubt)
                for part, expected in zip(found, sides(cell, moved), strict=True):
                    assert inside(part, expected)[0]
                    wrong = Fraction(part.volume[0]) - expected[0]
                    most = max(most, float(abs(wrong)))
            assert found[0].volume_error[0] < 16 * most


def test_nothing_is_told_where_nothing_is_known():
    end, x, zeros = as_arrays(box_cell([-1, -1], [1, 1], 0))
    given = end, x, np.zeros(4), np.array([zeros]), x[0]
    above, below = measured_sides(*given, np.full(4, np.inf))
    assert above.volume_error[0] >= 2.0
    assert below.volume_error[0] >= 2.0
