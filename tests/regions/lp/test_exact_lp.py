"""Exact linear programs against elimination, HiGHS and hand-made certificates."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
from flint import fmpq, fmpz_mat
from hypothesis import given, settings, strategies as st

from regions.domains import criss_cross
from regions.lp import exact_lp
from regions.lp.exact_lp import (
    Start,
    check_multipliers,
    check_witness,
    interior,
    maximize,
)


def _fourier_motzkin(A, b) -> bool:
    """Whether `A x < b` has a solution, by eliminating one variable after another."""
    rows = {(*map(Fraction, a), Fraction(v)) for a, v in zip(A, b, strict=True)}
    for k in range(len(A[0])):
        lower = [[v / -r[k] for v in r] for r in rows if r[k] < 0]
        upper = [[v / r[k] for v in r] for r in rows if r[k] > 0]
        rows = {r for r in rows if r[k] == 0}
        for low in lower:
            rows |= {tuple(p + q for p, q in zip(low, up, strict=True)) for up in upper}
    return all(r[-1] > 0 for r in rows)


@st.composite
def _systems(draw, strict_sides=(-1, 2)):
    """Small integers, so that rows are parallel, equal, zero or concurrent."""
    dim, rows = draw(st.integers(1, 3)), draw(st.integers(1, 7))
    entry = st.integers(-2, 2)
    A = draw(
        st.lists(
            st.lists(entry, min_size=dim, max_size=dim), min_size=rows, max_size=rows
        )
    )
    b = draw(st.lists(st.integers(*strict_sides), min_size=rows, max_size=rows))
    return A, b


@given(_systems())
@settings(derandomize=True, deadline=None, max_examples=200)
def test_interior_agrees_with_fourier_motzkin(system):
    A, b = system
    answer = interior(A, b)
    assert answer.is_empty == (not _fourier_motzkin(A, b))
    if answer.witness is not None:
        point = answer.witness
        assert all(
            sum(a * x for a, x in zip(row, point, strict=True)) < bound
            for row, bound in zip(A, b, strict=True)
        )
    else:
        weights = answer.multipliers
        assert weights is not None
        assert min(weights.values()) > 0
        for k in range(len(A[0])):
            assert sum((w * A[i][k] for i, w in weights.items()), fmpq(0)) == 0
        assert sum((w * b[i] for i, w in weights.items()), fmpq(0)) <= 0


@given(_systems(), st.lists(st.integers(0, 6), max_size=7))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_interior_with_any_hint_gives_the_same_answer(system, tight):
    A, b = system
    start = Start(np.full(len(A[0]), 0.25), [i for i in tight if i < len(A)])
    assert interior(A, b, start=start).is_empty == interior(A, b).is_empty


def test_interior_after_a_suggestion_of_the_float_solver_agrees(monkeypatch):
    rng = np.random.default_rng(0)
    A = rng.integers(-3, 4, (60, 5)).tolist()
    cold, warm = [], []
    for pivots, found in ((criss_cross.NO_LIMIT, cold), (0, warm)):
        monkeypatch.setattr(criss_cross, "COLD_PIVOTS", pivots)
        for shift in range(-2, 3):
            b = [sum(row) * shift + (i % 7 > 0) for i, row in enumerate(A)]
            found.append(interior(A, b).is_empty)
    assert cold == warm


@pytest.mark.parametrize("gap", [1e-12, 1e-300, 5e-324])
def test_interior_of_a_thin_wedge_is_decided_by_its_last_bit(gap):
    A = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, 0.0], [-1.0, 0.0]])
    open_strip = interior(A, np.array([gap, 0.0, 1.0, 1.0]))
    assert not open_strip.is_empty
    assert check_witness(A, np.array([gap, 0.0, 1.0, 1.0]), open_strip.witness or ())
    for closed in (np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, -gap, 1.0, 1.0])):
        proof = interior(A, closed).multipliers
        assert proof is not None
        assert proof == {0: fmpq(1), 1: fmpq(1)}
        assert check_multipliers(A, closed, proof)


def test_interior_with_thousands_of_bits_is_exact():
    third = [[3**400, -(5**300)], [-(3**400), 5**300], [-1, 0], [0, -1]]
    for b0, empty in ((1, False), (0, True)):
        assert interior(third, [b0, 0, 0, 0]).is_empty == empty


def test_interior_takes_fractions_flint_numbers_and_floats():
    rows = [[Fraction(1, 3)], [fmpq(-1, 7)]]
    assert interior(rows, [0.5, 0]).witness is not None
    assert interior(rows, [0, 0.0]).multipliers == {0: fmpq(3, 7), 1: fmpq(1)}


def test_interior_of_constant_rows():
    assert interior([[0, 0]], [1]).witness == (0, 0)
    assert interior([[1, 0], [0, 0]], [1, 0]).multipliers == {1: 1}
    assert interior(np.zeros((0, 2)), np.zeros(0)).witness == (0, 0)


def test_interior_of_ragged_rows_raises():
    with pytest.raises(ValueError, match="must be equal"):
        interior([[1, 2], [1]], [0, 0])


def test_checks_refuse_false_certificates():
    A, b = [[1, 0], [-1, 0], [0, 1]], [1, -2, 0]
    assert check_multipliers(A, b, {0: fmpq(1), 1: fmpq(1)})
    assert not check_multipliers(A, b, {})
    assert not check_multipliers(A, b, {0: fmpq(0)})
    assert not check_multipliers(A, b, {0: fmpq(-1), 1: fmpq(-1)})
    assert not check_multipliers(A, b, {0: fmpq(1), 1: fmpq(1), 2: fmpq(1)})
    assert not check_multipliers(A, [2, -1, 0], {0: fmpq(1), 1: fmpq(1)})
    assert not check_multipliers(A, b, {7: fmpq(1)})
    assert not check_witness(A, [1, 1, 0], [0, 0])
    assert check_witness(A, [1, 1, 0], [0.5, -1e-300])


def _check_optimum(c, A, b, answer) -> None:
    """Primal and dual feasibility and equal values, in fractions."""

    def dot(u, v):
        return sum((Fraction(p) * q for p, q in zip(u, v, strict=True)), Fraction(0))

    weights = {
        i: Fraction(int(w.p), int(w.q)) for i, w in (answer.multipliers or {}).items()
    }
    assert all(w > 0 for w in weights.values())
    gradient = [sum(w * A[i][k] for i, w in weights.items()) for k in range(len(c))]
    bound = sum(w * b[i] for i, w in weights.items())
    if answer.status == "infeasible":
        assert not any(gradient)
        assert bound < 0
        return
    assert all(dot(row, answer.x) <= v for row, v in zip(A, b, strict=True))
    if answer.status == "unbounded":
        assert all(dot(row, answer.direction) <= 0 for row in A)
        assert dot(c, answer.direction) > 0
    else:
        assert gradient == list(c)
        assert dot(c, answer.x) == bound == answer.value


@given(_systems((-1, 3)), st.lists(st.integers(-2, 2), min_size=3, max_size=3))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_maximize_proves_every_outcome(system, cost):
    A, b = system
    c = cost[: len(A[0])]
    answer = maximize(c, A, b)
    assert answer.status in ("optimal", "unbounded", "infeasible")
    _check_optimum(c, A, b, answer)


def test_maximize_agrees_with_highs_on_random_programs():
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(60):
        dim = int(rng.integers(1, 6))
        A = rng.standard_normal((dim + int(rng.integers(0, 12)), dim))
        b, c = rng.standard_normal(len(A)) + 0.5, rng.standard_normal(dim)
        answer = maximize(c, A, b)
        highs = scipy.optimize.linprog(
            -c, A, b, bounds=(None, None), options={"presolve": False}
        )
        assert (
            answer.status
            == {0: "optimal", 2: "infeasible", 3: "unbounded"}[highs.status]
        )
        if answer.value is not None:
            assert float(answer.value) == pytest.approx(-highs.fun, abs=1e-7)
        seen.add(answer.status)
    assert seen == {"optimal", "infeasible", "unbounded"}


def test_maximize_without_rows_or_gradients():
    assert maximize([0, 0], [[0, 0]], [1]).value == 0
    assert maximize([0, 1], [[0, 0]], [1]).direction == (0, 1)
    assert maximize([0, 1], [[0, 0]], [-1]).multipliers == {0: 1}
    assert maximize(np.array([2.0]), np.zeros((0, 1)), np.zeros(0)).status == (
        "unbounded"
    )


def test_maximize_klee_minty_cube_reaches_the_far_corner():
    dim = 6
    A = [[0] * dim for _ in range(2 * dim)]
    b = [0] * dim + [5 ** (i + 1) for i in range(dim)]
    for i in range(dim):
        A[i][i] = -1
        A[dim + i] = [2 ** (i - j + 1) if j < i else int(i == j) for j in range(dim)]
    cost = [2 ** (dim - 1 - j) for j in range(dim)]
    for tight in ([], list(range(dim)), [2, 9, 0, 7]):
        assert maximize(cost, A, b, start=Start(tight=tight)).value == 5**dim


def test_batch_proofs_are_reachable_here():
    proved = exact_lp.prove_empty_batch(
        np.array([[[1.0], [-1.0]]]), np.zeros((1, 2)), np.ones((1, 2))
    )
    assert proved.tolist() == [True]


@pytest.mark.parametrize(
    ("rank", "factor"), [(20, 1), (15, 1), (20, criss_cross.PRIME)]
)
def test_columns_of_large_tables_are_those_that_integers_give(
    rank, factor, monkeypatch
):
    rng = np.random.default_rng(rank)
    table = rng.integers(-9, 10, (20, rank)) @ rng.integers(-9, 10, (rank, 80))
    table[:, 3] = 2 * table[:, 1]
    # A row that vanishes modulo the prime counts all the same.
    matrix = fmpz_mat([[factor * v for v in table[0].tolist()], *table[1:].tolist()])
    quick = criss_cross.pivot_columns(matrix)
    monkeypatch.setattr(criss_cross, "LARGE", matrix.nrows() * matrix.ncols())
    assert quick == criss_cross.pivot_columns(matrix)
    assert len(quick) == rank
    assert 3 not in quick


def test_an_inverse_by_parts_is_that_of_the_whole(monkeypatch):
    """Of integers of many digits, with a last part that is smaller than the others."""
    rng = np.random.default_rng(0)
    matrix = fmpz_mat(rng.integers(-(2**40), 2**40, (11, 11)).tolist())
    whole = criss_cross._inverse(matrix)
    monkeypatch.setattr(criss_cross, "COLUMNS", 4)
    parts, scale = criss_cross._inverse(matrix)
    assert (parts, scale) == whole
    assert matrix * parts == scale * fmpz_mat(np.eye(11, dtype=int).tolist())
