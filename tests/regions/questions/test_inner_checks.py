"""What answers rest on is checked by what raises: `python -O` drops assertions."""

import ast
import pathlib
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import regions
from regions.questions import class_means, disc_integrals, integrals
from regions.questions.answer import known
from regions.questions.backward import Box, Dual
from regions.questions.exact_bounds import exact_bounds
from regions.questions.leaf_programs import Leaf, solve_leaf
from regions.questions.node_proofs import leaf_proof
from regions.questions.pieces import Pieces
from regions.questions.problem import Linear, Problem
from regions.questions.relaxation import Node
from tests.helpers import random_network

SOURCES = [
    path
    for package in ("questions", "certificates")
    for path in (pathlib.Path(regions.__file__).parent / package).glob("*.py")
]


def tells_a_type(test: ast.expr) -> bool:
    """Whether a condition is about types alone: `is not None` or `isinstance`."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    if isinstance(test, ast.Call):
        return isinstance(test.func, ast.Name) and test.func.id == "isinstance"
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_assertions_tell_types_and_nothing_else(path):
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    others = [
        ast.unparse(node.test)
        for node in nodes
        if isinstance(node, ast.Assert) and not tells_a_type(node.test)
    ]
    assert not others


def test_a_leaf_ends_with_what_its_multipliers_prove():
    network = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    problem = Problem(network, regions.Box([1.0], [3.0]), [(Linear((Fraction(1),)),)])
    box = Box(tuple(problem.low), tuple(problem.high))
    node = Node(box, exact_bounds(problem, box), {})
    leaf = solve_leaf(problem, node, 0)
    assert leaf is not None
    assert leaf_proof(problem, 0, node, leaf).bound == leaf.value == 3
    # Another value, either way; and that no point is there.
    for value in (fmpq(29, 10), fmpq(31, 10), None):
        with pytest.raises(AssertionError, match="do not prove its bound"):
            leaf_proof(problem, 0, node, leaf._replace(value=value))
    nothing = Leaf(None, None, Dual((fmpq(0),), {}, {}))
    with pytest.raises(AssertionError, match="do not prove its bound"):
        leaf_proof(problem, 0, node, nothing)


def test_ends_that_contradict_each_other_are_no_number():
    with pytest.raises(AssertionError, match="lies above the upper end"):
        known(Fraction(1), Fraction(0))


class OnlyFirst(Pieces):
    """The first piece, said to be all."""

    def __iter__(self):
        first, *_ = super().__iter__()
        yield first


@pytest.mark.parametrize(
    ("module", "ask", "domain"),
    [
        (integrals, regions.integral, regions.Box.cube(2)),
        (class_means, regions.mean_by_class, regions.Box.cube(2)),
        (disc_integrals, regions.integral, regions.Ball([0, 0], 1.0, 2)),
    ],
)
def test_a_list_of_one_piece_gives_no_answer(module, ask, domain, monkeypatch):
    network = random_network(np.random.default_rng(1), 2, [5, 3], outputs=2)
    weights = () if ask is regions.mean_by_class else (0,)
    assert ask(network, domain, *weights, method="list").proved
    monkeypatch.setattr(module, "Pieces", OnlyFirst)
    with pytest.raises(AssertionError, match="do not fill the d"):
        ask(network, domain, *weights, method="list")
