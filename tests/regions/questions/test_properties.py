"""Properties: proved, refuted, and read from VNN-LIB files."""

import gzip
import json
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.errors import FileFormatError
from regions.questions import maxima
from regions.questions.answer_files import digest
from regions.questions.pieces import Pieces
from regions.questions.problem import Linear, Problem
from regions.questions.properties import Property, Row
from regions.questions.vnnlib import parse_vnnlib, read_vnnlib
from tests.helpers import random_network

HEADER = """
; two inputs, two outputs
(declare-const X_0 Real) (declare-const X_1 Real)
(declare-fun Y_0 () Real) (declare-const Y_1 Real)
(assert (>= X_0 -1.0)) (assert (<= X_0 1)) (assert (<= -0.5 X_1)) (assert (<= X_1 5e-1))
"""


def test_the_edge_of_the_range_decides():
    network = random_network(np.random.default_rng(0), 2, [6, 5])
    box = regions.Box.cube(2)
    high = regions.output_range(network, box).value[1]
    # A float64 number above the largest value, and one below.
    above = float(np.nextafter(float(high), np.inf))
    below = float(np.nextafter(float(high), -np.inf))
    assert (
        regions.holds(network, box, regions.Property.bounds([[1.0]], [above])).value
        is True
    )
    broken = regions.holds(network, box, regions.Property.bounds([[1.0]], [below]))
    assert broken.value is False
    assert broken.stats["margin"] == high - Fraction(below) or broken.witness


def test_a_value_that_is_met_exactly_is_safe_only_if_strict():
    net = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    box = regions.Box([-1.0], [2.0])
    assert (
        regions.holds(net, box, regions.Property.bounds([[1.0]], [2.0])).value is True
    )
    closed = parse_vnnlib(
        "(declare-const X_0 Real)(declare-const Y_0 Real)"
        "(assert (>= X_0 -1))(assert (<= X_0 2))(assert (>= Y_0 2))"
    )
    answer = regions.holds(net, closed.domain, closed.property)
    assert (answer.value, answer.witness) == (False, (2,))


@pytest.mark.parametrize("few", [0, 32])
@pytest.mark.parametrize("dim", [1, 2])
def test_a_box_of_its_own_is_not_its_domain(few, dim, monkeypatch):
    """1/10 is less than the float64 number 0.1: lists are of the domain alone."""
    monkeypatch.setattr(maxima, "FEW_NODES", few)
    tenth, one = Fraction(1, 10), Fraction(1)
    weights = [np.vstack([np.eye(dim), -np.eye(dim)]), [[1.0] * dim + [0.0] * dim]]
    net = regions.ReluNetwork.from_arrays(weights, None)
    most = ((Row((), (-one,), -dim * tenth),),)
    domain = regions.Box([-1.0] * dim, [0.1] * dim)
    own = Property(most, strict=True, box=((-one, tenth),) * dim)
    assert regions.holds(net, domain, own).value is True
    assert regions.holds(net, domain, Property(most, strict=True)).value is False


@pytest.mark.parametrize("few", [0, 32])
def test_rows_on_inputs_are_no_list_of_outputs(few, monkeypatch):
    """Forbidden: y - x0 is as large as at the best of all corners, or a trifle less."""
    monkeypatch.setattr(maxima, "FEW_NODES", few)
    network, box = (
        random_network(np.random.default_rng(4), 2, [6, 5]),
        regions.Box.cube(2),
    )
    corners = {point for piece in Pieces(network, box) for point in piece.cell.points()}
    problem = Problem(
        network, box, [(Linear((Fraction(1),), (Fraction(-1), Fraction(0))),)]
    )
    best = max(problem.value(0, point) for point in corners)
    inputs, outputs = (Fraction(1), Fraction(0)), (Fraction(-1),)
    for less, strict, value in (
        (Fraction(0), True, True),
        (Fraction(0), False, False),
        (Fraction(1, 10**20), True, False),
        (Fraction(-1, 10**20), False, True),
    ):
        row = Row(inputs, outputs, less - best)
        answer = regions.holds(network, box, Property(((row,),), strict))
        assert answer.value is value


def test_rational_bounds_are_not_rounded():
    """A third is between two numbers of float64, and the ramp reaches it."""
    net = regions.ReluNetwork.from_arrays([[[3.0]], [[1.0]]], None)
    box = regions.Box([-1.0], [1.0])
    for over, wanted in ((Fraction(0), True), (Fraction(1, 10**30), False)):
        end = Fraction(1, 3) - over
        prop = regions.Property.bounds([[Fraction(1, 9)]], [end])
        assert regions.holds(net, box, prop).value is wanted


def test_a_list_for_a_row_is_refused():
    prop = regions.Property.bounds([[1.0]], [2.0])
    # Where the checks of the tests do not look.
    object.__setattr__(prop, "unsafe", ((([1.0], 2.0),),))
    words = r"a row of the property is \(\[1.0\], 2.0\): Row\(inputs, outputs, bound\)"
    with pytest.raises(TypeError, match=words):
        regions.holds(RAMP, regions.Box([-1.0], [1.0]), prop)


def test_conjunctions_are_met_together():
    """y0 >= 1/2 and y1 >= 1/2 can not be: y1 = 1 - y0 above; but y0, y1 >= 1/4 can."""
    net = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0], [-1.0]]], [None, [0, 1]])
    for bound, safe in ((0.75, True), (0.25, False), (0.5, False)):
        text = (
            "(declare-const X_0 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)"
            "(assert (>= X_0 0))(assert (<= X_0 1))"
            f"(assert (and (>= Y_0 {bound}) (>= Y_1 {bound})))"
        )
        found = parse_vnnlib(text)
        assert regions.holds(net, found.domain, found.property).value is safe


def test_alternatives_and_input_rows():
    network = random_network(np.random.default_rng(3), 2, [6], outputs=2)
    text = HEADER + "(assert (or (and (<= Y_0 Y_1) (<= (+ X_0 X_1) -1.4)) (>= Y_0 50)))"
    domain, prop = parse_vnnlib(text)
    assert domain.upper.tolist() == [1.0, 0.5]
    assert [len(rows) for rows in prop.unsafe] == [2, 1]
    answer = regions.holds(network, domain, prop)
    x = np.random.default_rng(0).uniform(domain.lower, domain.upper, (200000, 2))
    y = network(x)
    unsafe = ((y[:, 0] <= y[:, 1]) & (x.sum(1) <= -1.4)) | (y[:, 0] >= 50)
    assert answer.value is not bool(unsafe.any())
    if answer.witness is not None:
        assert sum(answer.witness) <= Fraction("-1.4")


def test_bounds_inside_alternatives_make_the_box():
    text = (
        "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (or "
        "(and (>= X_0 0) (<= X_0 1) (>= Y_0 1))"
        "(and (>= X_0 3) (<= X_0 4) (>= Y_0 1))))"
    )
    domain, prop = parse_vnnlib(text)
    assert (domain.lower[0], domain.upper[0]) == (0.0, 4.0)
    # y = relu(x - 1) - 2 relu(x - 2) is 1 at 2 alone, between the alternatives.
    net = regions.ReluNetwork.from_arrays(
        [[[1.0], [1.0]], [[1.0, -2.0]]], [[-1.0, -2.0], [0.0]]
    )
    assert regions.holds(net, domain, prop).value is True
    assert (
        regions.holds(net, domain, parse_vnnlib(text.replace("3", "2")).property).value
        is False
    )


RAMP = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
ONE = "(declare-const X_0 Real)(declare-const Y_0 Real)"


@pytest.mark.parametrize(
    ("text", "holds", "witness"),
    [
        # Three tenths are less than the nearest float64 number is, one tenth more.
        ("(>= X_0 0))(assert (<= X_0 0.3))(assert (>= Y_0 0.3)", False, "0.3"),
        ("(>= X_0 0.1))(assert (<= X_0 1))(assert (<= Y_0 0.1)", False, "0.1"),
        (
            "(>= X_0 0))(assert (<= X_0 0.1))(assert (>= Y_0 0.1000000000000000001)",
            True,
            None,
        ),
        ("(>= X_0 0.1))(assert (<= X_0 0.1))(assert (>= Y_0 0.1)", False, "0.1"),
        ("(>= X_0 0.5))(assert (<= X_0 0.5))(assert (>= Y_0 0.5)", False, "0.5"),
        ("(>= X_0 0.5))(assert (<= X_0 0.5))(assert (>= Y_0 0.51)", True, None),
    ],
)
def test_ends_of_inputs_are_the_decimals_that_they_are(text, holds, witness, tmp_path):
    found = parse_vnnlib(f"{ONE}(assert {text})")
    answer = regions.holds(RAMP, found.domain, found.property)
    assert answer.value is holds
    assert answer.witness == (None if witness is None else (Fraction(witness),))
    path = answer.save(tmp_path / "answer.json")
    assert regions.verify(path).ok
    # Of the domain around it the answer may be another one.
    body = json.loads(path.read_text())
    body["about"]["property"].pop("box")
    body["sha256"] = digest(body)
    path.write_text(json.dumps(body))
    assert not regions.verify(path).ok


def test_a_decimal_box_in_many_dimensions(tmp_path):
    """The largest sum of inputs is that of the decimals, by both searches."""
    for dim in (2, 7):
        net = regions.ReluNetwork.from_arrays([np.eye(dim), np.ones((1, dim))], None)
        head = "(declare-const Y_0 Real)" + "".join(
            f"(declare-const X_{k} Real)(assert (>= X_{k} -0.2))(assert (<= X_{k} 0.3))"
            for k in range(dim)
        )
        for end, holds in ((f"{3 * dim}e-1", False), (f"{30 * dim + 1}e-2", True)):
            found = parse_vnnlib(f"{head}(assert (>= Y_0 {end}))")
            answer = regions.holds(net, found.domain, found.property)
            assert answer.value is holds
            assert verify_answer(answer.save(tmp_path / "answer.json")).ok


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("(>= Y_0 2)", False),
        ("(> Y_0 2)", True),
        ("(< 2 Y_0)", True),
        ("(> Y_0 1.99999999999999999999)", False),
        ("(or (> Y_0 2) (< Y_0 0))", True),
        ("(or (> Y_0 2) (< Y_0 X_0))", True),
        ("(or (> Y_0 2) (< Y_0 (+ X_0 0.1)))", False),
        ("(= Y_0 2)", False),
        ("(= Y_0 2.5)", True),
        ("(= Y_0 1 X_0)", False),
        ("(= Y_0 1 (* 2 X_0))", True),
        ("(<= 2 Y_0 3)", False),
        ("(<= (/ 7 3) Y_0 3)", True),
        ("(>= Y_0 (/ X_0 (- 2)) 0)", False),
    ],
)
def test_strict_rows_equations_chains_and_quotients(text, holds, tmp_path):
    """Of the ramp on the interval from -1 to 2."""
    body = f"{ONE}(assert (<= -1 X_0 2))(assert {text})"
    found = parse_vnnlib(f"; a comment (\n(set-logic QF_LRA){body}(check-sat)(exit)")
    answer = regions.holds(RAMP, found.domain, found.property)
    assert answer.value is holds
    assert regions.verify(answer.save(tmp_path / "answer.json")).ok


def test_inputs_that_equations_fix():
    found = parse_vnnlib(f"{ONE}(assert (= X_0 0.3))(assert (>= Y_0 0.3))")
    assert found.property.box == ((Fraction("0.3"),) * 2,)
    answer = regions.holds(RAMP, found.domain, found.property)
    assert answer.witness == (Fraction("0.3"),)


def test_files_begin_with_a_mark_or_are_packed(tmp_path):
    text = f"{ONE}(assert (<= -1 X_0 2))(assert (>= Y_0 2))"
    file = tmp_path / "spec.vnnlib"
    file.write_text(text, "utf-8-sig")
    assert read_vnnlib(file).domain.upper.tolist() == [2.0]
    packed = tmp_path / "spec.vnnlib.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(FileFormatError, match="is packed: unpack it first"):
        read_vnnlib(packed)


def test_a_box_that_is_no_part_of_the_domain_is_refused():
    text = f"{ONE}(assert (>= X_0 0.1))(assert (<= X_0 0.3))(assert (>= Y_0 0.3))"
    found = parse_vnnlib(text)
    for domain in (regions.Box([0.2], [1.0]), regions.HPolytope([[1], [-1]], [1, 1])):
        with pytest.raises(ValueError, match="ask about the domain that its file"):
            regions.holds(RAMP, domain, found.property)


def test_a_stopped_question_is_open():
    network = random_network(np.random.default_rng(0), 2, [10, 10])
    box = regions.Box.cube(2)
    high = float(regions.output_range(network, box).value[1])
    prop = regions.Property.bounds([[1.0]], [high + 1e-6])
    answer = regions.holds(network, box, prop, stop=lambda: True)
    assert answer.value is None
    assert not answer.proved


def test_the_class_of_a_box():
    network = random_network(np.random.default_rng(1), 2, [6], outputs=3)
    x = np.array([0.5, 0.5])
    label = int(network(x[None]).argmax())
    radius = float(regions.robust_radius(network, x).value[0])
    prop = regions.Property.largest(label, 3)
    inside = regions.Box(x - 0.99 * radius, x + 0.99 * radius)
    outside = regions.Box(x - 1.05 * radius, x + 1.05 * radius)
    assert regions.holds(network, inside, prop).value is True
    assert regions.holds(network, outside, prop).value is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(push 1)", "none of declare-const"),
        ("", "0 constants X are declared"),
        ("(declare-const Z Real)", "X_0, X_1"),
        ("(declare-const X_1 Real)(declare-const Y_0 Real)", "without a gap"),
        ("(declare-const X_0 Real)(declare-const Y_0 Real)", "X_0 has no lower bound"),
        ("(assert (<= X_0 1))", "no number, declared constant"),
        ("(declare-const X_0 Real)(assert (<= (* X_0 X_0) 1))", "sum of such products"),
        ("(assert (not (>= 1 2)))", "none of and, or, <=, >=, <, > and ="),
        ("(declare-const X_0 Real)(assert (<= X_0 (/ 1 0)))", "no number"),
        (
            f"{ONE}(assert (>= X_0 0))(assert (< X_0 0.5))(assert (> Y_0 1))",
            "the bound 0.5 of X_0 is strict",
        ),
        (
            f"{ONE}(assert (<= 0 X_0 1))(assert (> Y_0 1))(assert (>= Y_0 X_0))",
            "some rows have < or >, and others",
        ),
        ("(assert", "not closed"),
        (
            "(declare-const X_0 Real)(declare-const Y_0 Real)"
            "(assert (>= X_0 2))(assert (<= X_0 1e-1))",
            "X_0 has the lower bound 2 and the upper one 0.1: no input is left",
        ),
        (
            "(declare-const X_0 Real)(declare-const Y_0 Real)"
            "(assert (>= X_0 0))(assert (<= X_0 1))",
            "nothing is said of the outputs",
        ),
        (
            "(declare-const X_0 Real)(declare-const Y_0 Real)"
            "(assert (>= X_0 0))(assert (<= X_0 1e999))(assert (>= Y_0 1))",
            "X_0 has the upper bound .*999: at most 8e307 is served",
        ),
        (")", "outside of any list"),
        ("(" * 40, "more than 32 deep"),
        (
            "(declare-const X_0 Real)(assert (and "
            + "(or (<= X_0 1) (<= X_0 2))" * 13
            + "))",
            "more than 4096 alternatives",
        ),
    ],
)
def test_what_is_outside_of_the_subset_is_refused_in_one_line(text, message, tmp_path):
    file = tmp_path / "spec.vnnlib"
    file.write_text(text)
    with pytest.raises(FileFormatError, match=message) as caught:
        read_vnnlib(file)
    assert "\n" not in str(caught.value)


def test_a_property_of_other_outputs_is_refused():
    network = random_network(np.random.default_rng(0), 2, [3])
    prop = regions.Property.bounds([[1.0, 0.0]], [0.0])
    with pytest.raises(ValueError, match="speaks of 2 outputs and the network has 1"):
        regions.holds(network, regions.Box.cube(2), prop)
    with pytest.raises(ValueError, match="`label` is 3 and there are 3 outputs"):
        regions.Property.largest(3, 3)


@pytest.mark.parametrize("unsafe", [(), ((),)])
def test_a_property_without_rows_is_refused_in_one_line(unsafe):
    with pytest.raises(ValueError, match="at least one row in each is required"):
        regions.holds(RAMP, regions.Box([0.0], [1.0]), regions.Property(unsafe))


@pytest.mark.parametrize("dim", [2, 7])
def test_bounds_beyond_float64_are_served(dim, tmp_path):
    network = random_network(np.random.default_rng(0), dim, [4])
    large = Fraction(10) ** 400
    for bound, holds in ((-large, True), (large, False)):  # y >= 10^400, y >= -10^400
        forbidden = regions.Property(((Row((), (Fraction(-1),), bound),),))
        answer = regions.holds(network, regions.Box.cube(dim), forbidden)
        assert answer.value is holds
        assert verify_answer(answer.save(tmp_path / "answer.json")).ok


@pytest.mark.parametrize("size", [Fraction(10) ** 400, Fraction(1, 10**400)])
@pytest.mark.parametrize("dim", [2, 8])
@pytest.mark.parametrize("is_ball", [False, True])
def test_weights_beyond_float64_take_no_more_nodes(dim, is_ball, size, tmp_path):
    rng = np.random.default_rng(1)
    network = random_network(rng, dim, [10], outputs=2)
    domain = regions.Ball(np.zeros(dim), 1.0, 2) if is_ball else regions.Box.cube(dim)
    for bound in (Fraction(-7, 2), Fraction(-1, 8)):
        rows = [((1, -2), bound), ((1, 1), Fraction(1, 2))]
        plain, scaled = (
            [Row((), tuple(Fraction(w) * by for w in a), b * by) for a, b in rows]
            for by in (Fraction(1), size)
        )
        expected = regions.holds(network, domain, regions.Property((tuple(plain),)))
        answer = regions.holds(network, domain, regions.Property((tuple(scaled),)))
        assert answer.value is expected.value is not None
        assert answer.stats["nodes"] <= expected.stats["nodes"] + 8
        assert verify_answer(answer.save(tmp_path / "answer.json")).ok
        mixed = regions.Property(((plain[0], scaled[1]),))
        if not is_ball:
            assert regions.holds(network, domain, mixed).value is expected.value


def test_one_row_beyond_float64_is_listed(tmp_path):
    network = random_network(np.random.default_rng(3), 2, [14], outputs=2)
    large = Fraction(10) ** 400
    for bound, value in ((10 * large, False), (-10 * large, True)):
        row = Row((), (large, Fraction(1)), bound)
        answer = regions.holds(
            network, regions.Box.cube(2), regions.Property(((row,),), True)
        )
        assert answer.value is value
        assert verify_answer(answer.save(tmp_path / "answer.json")).ok
