"""Every line that asks for limits is run by a test that misses it when it is gone.

What engines ask stands in `ASKED_AT` of `test_conformance`, all the rest in that here;
a question that is in neither is found by its name.
"""

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import regions
from regions import Box, ReluNetwork, Segment, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.cells import meanwhile
from regions.enumeration.cluster import ClusterTasks
from regions.enumeration.engine import Task
from regions.errors import RegionsError, SolverError
from regions.errors.limits import asking
from regions.estimates.linear import LinearParts
from regions.lp import exact_lp
from regions.lp.batches import Batch
from regions.lp.solve import _maximize_stack
from regions.lp.warm_lp import WarmProgram
from regions.partition.class_polygons import class_polygons, region_polygons
from regions.partition.region_shape import RegionShapes, mean_inradius
from regions.pieces.parts import count_in_parts
from regions.pieces.streaming import enumerate_to_parquet
from tests.asking import asking_lines, missing_lines, note_asking
from tests.helpers import random_network
from tests.regions.enumeration.test_conformance import ASKED_AT as OF_ENGINES
from tests.regions.questions.test_equality import larger_of_three
from tests.zoo import ZOO

Call = Callable[[], Any]


def network(dim: int, widths: list[int], **kinds: Any) -> ReluNetwork:
    return random_network(np.random.default_rng(0), dim, widths, **kinds)


FLAT = network(2, [5, 4])
SOLID = network(3, [4, 3])
SEVERAL = network(2, [5, 4], outputs=3)
FIVE = network(5, [6, 4])
SEVEN = network(7, [8, 8])
ZERO = network(2, [5, 4], bias_scale=0.0)
ONE_LAYER = network(3, [4])
ONE_CLASS = ReluNetwork.from_arrays(
    [np.eye(2), [[0.0, 0.0], [-1.0, -1.0]]], [[0.0, 0.0], [1.0, 0.0]]
)
SQUARE, CUBE = Box.cube(2), Box.cube(3)
HUGE = ReluNetwork.from_arrays([4.0 * np.eye(2), np.full((1, 2), 1e308)], None)
ABSOLUTE = ReluNetwork.from_arrays([[[1.0, 0.0], [-1.0, 0.0]], [[1.0, 1.0]]], None)
# One class has a corner that is too small for floats.
SLIVER = ReluNetwork.from_arrays(
    [[[1.0, 1.0]], [[0.0], [1.0]]], [[2.0**-50 - 2.0], [2.0**-52, 0.0]]
)
# So many units that regions are listed first; one of the first layer differs.
FIRST = network(2, [16, 16])
NEAR = ReluNetwork.from_arrays(
    [layer.weight for layer in FIRST.layers],
    [
        FIRST.hidden[0].bias + 1e-9 * np.eye(16)[0],
        *(la.bias for la in FIRST.layers[1:]),
    ],
)
TWICE, AROUND = ZOO["duplicated_unit"]
# Steep forms whose zeros lie near each other for the length of their line.
STEEP = ReluNetwork.from_arrays(
    [[[1.0], [1.0]], [[1e9, -1e9 - 1.0], [1.0, 1.0]], [[1.0, 1.0]]],
    [[0.0, -1e-9], [0.25, -1.0], [0.0]],
)
# Beyond one line nothing changes but the code.
UNUSED = ReluNetwork.from_arrays(
    [[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0, 0.0]]], [[0.0, 0.5, 0.0], [0.0]]
)
# A row that is an equality all over a region.
RAMP = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
BELOW_ZERO = regions.HPolytope([[1.0]], [0.0])
# The larger of x, y and 0, in two ways.
ONE, SAME = larger_of_three()


def shown(**kinds: Any) -> Any:
    """A polytope of few rows, about which nothing is known."""
    return regions.polytope_at(FIVE, np.full(5, 0.1), **kinds)


def changed(names: dict[str, Any], call: Call) -> Call:
    """The call while something in the library is another than it is."""

    def run() -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in names.items():
                patch.setattr(f"regions.{name}", value)
            call()

    return run


def ending_in(error: type[Exception], call: Call) -> Call:
    """The call, which must end in an error."""

    def run() -> None:
        with pytest.raises(error):
            call()

    return run


class Slow:
    """What a worker is asked for: done when it is looked at a second time."""

    def __init__(self) -> None:
        self._done = iter([False, True])

    def done(self) -> bool:
        return next(self._done)

    def result(self) -> int:
        return 1


def run_on_slow_workers() -> None:
    """A task that is not done when it is looked at."""
    client: Any = SimpleNamespace(
        status="running",
        submit=lambda *_, **__: Slow(),
        scheduler_info=lambda **_: {"workers": {"one": None}},
        as_current=contextlib.nullcontext,
        cancel=lambda *_, **__: None,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("distributed.wait", lambda *_, **__: None)
        tasks = ClusterTasks(client, int, 0, [1], int, stop=asking())
        assert list(tasks.results()) == [(1, 1)]


def wait_for_code() -> None:
    """Cells whose code is being compiled when it is first looked for, or is missing."""
    compiling = iter([True, False])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meanwhile.PLANE, "is_compiling", lambda: next(compiling))
        patch.setattr(meanwhile, "_has_come", lambda *_: False)
        meanwhile._wait(Task(FLAT, SQUARE), meanwhile.PLANE, 1e3)
    meanwhile.found_anyway(Task(FLAT, SQUARE), listing=False)


def list_in_files() -> None:
    """Regions in files of a folder."""
    with tempfile.TemporaryDirectory() as folder:
        enumerate_to_parquet(FLAT, SQUARE, folder, piece_regions=9)


def save_an_answer() -> None:
    """Pieces are listed once more, without a budget."""
    answer = regions.integral(FLAT, SQUARE, method="list")
    with tempfile.TemporaryDirectory() as folder:
        answer.save(Path(folder) / "answer.json")


def a_true_bound() -> None:
    """A bound that needs more than the first nodes."""
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (3000, 7))
    bound = float(SEVEN(points).max()) + 0.6
    regions.holds(SEVEN, Box.cube(7), regions.Property.bounds([[1.0]], [bound]))


_MAXIMA = "questions.maxima"
SHORT: tuple[Call, ...] = (
    lambda: class_polygons(regions.enumerate_regions(SEVERAL, SQUARE)),
    lambda: region_polygons(regions.enumerate_regions(FLAT, SQUARE, method="tree")),
    lambda: regions.count_linear_regions(SOLID, CUBE),
    lambda: regions.count_linear_regions(network(2, [3, 1]), WholeSpace(2)),
    lambda: regions.count_by_definition(FLAT, SQUARE),
    lambda: regions.topology_of(SOLID, CUBE),
    lambda: regions.topology_of(SOLID, WholeSpace(3)),
    lambda: regions.topology_of(TWICE, AROUND),
    lambda: regions.topology_of(FLAT, SQUARE).holes(),
    lambda: regions.output_persistence(FLAT, SQUARE),
    lambda: regions.enumerate_regions(SOLID, CUBE).volumes(),
    lambda: dataclasses.replace(
        regions.enumerate_regions(SOLID, CUBE).cells, zeros=None, vertex_rows=None
    ).volumes(),
    lambda: regions.enumerate_regions(SOLID, CUBE, method="tree").cells,
    lambda: regions.enumerate_regions(FLAT, SQUARE).chebyshev(solver="cvxpy"),
    lambda: regions.enumerate_regions(SOLID, WholeSpace(3)).bounded(),
    lambda: regions.enumerate_regions(STEEP, Segment([-1e20], [1e20])).cells,
    lambda: (shown(domain=Box.cube(5)).bounds, shown(domain=Box.cube(5)).irredundant),
    lambda: (shown(domain=Box.cube(5)).exact_rows, shown().chebyshev),
    lambda: regions.describe_polytope(ZERO, np.zeros(2)),
    lambda: regions.verify(
        regions.enumerate_regions(SOLID, CUBE), exact=True, stop=asking()
    ),
    lambda: regions.characteristic_polynomial(np.eye(3)),
    lambda: count_in_parts(FLAT, SQUARE, method="cells", parts=2),
    list_in_files,
    lambda: count_in_parts(SOLID, WholeSpace(3), parts=2),
    lambda: count_in_parts(ONE_LAYER, WholeSpace(3), method="restriction", parts=2),
    run_on_slow_workers,
    wait_for_code,
    changed(
        {
            "enumeration.many.load_loop": lambda ahead: True,  # the plain one, in fact
            "enumeration.cells.stacks.SLICE_WORK": 1,
        },
        lambda: regions.count_many([FLAT] * 40, SQUARE, workers=1),
    ),
    lambda: regions.output_range(FLAT, SQUARE),
    lambda: regions.output_range(SOLID, CUBE, method="search"),
    changed({f"{_MAXIMA}.FEW_NODES": 0}, lambda: regions.output_range(TWICE, AROUND)),
    changed(
        {f"{_MAXIMA}.FEW_NODES": 0, "questions.records.MOST_HELD": 2},
        lambda: regions.output_range(FLAT, SQUARE),
    ),
    changed(
        {"questions.records.MOST_HELD": 2},
        lambda: regions.lipschitz(ABSOLUTE, SQUARE),
    ),
    lambda: regions.lipschitz(FLAT, SQUARE),
    changed(
        {
            f"{_MAXIMA}.FEW_NODES": 0,
            f"{_MAXIMA}.FIRST_TURN": 1e-9,
            f"{_MAXIMA}._settled_by_engine": lambda *_: False,
            f"{_MAXIMA}._settled_by_pieces": lambda *_: False,
        },
        lambda: regions.output_range(SEVERAL, SQUARE, [1.0, 0.0, 0.0]),
    ),
    a_true_bound,
    changed(
        {
            "questions.search.FEW_DIMENSIONS": 7,
            f"{_MAXIMA}.FEW_DIMENSIONS": 7,
            f"{_MAXIMA}.MANY_UNITS": 0,
        },
        a_true_bound,
    ),
    changed(
        {"questions.equality.FEW_NODES": 0},
        lambda: regions.are_equal(ONE, SAME, WholeSpace(2)),
    ),
    lambda: regions.largest_difference(FLAT, network(2, [4, 3]), SQUARE),
    lambda: regions.largest_difference(FIRST, NEAR, SQUARE),
    # Bounds without rounding, and the class of a point that is nearly another.
    lambda: regions.output_range(SEVEN, Box.cube(7), tolerance=9.0),
    lambda: regions.robust_radius(SEVERAL, [0.1, 0.2], tolerance=0.5),
    lambda: regions.robust_radius(ONE_CLASS, [0.1, 0.2]),
    lambda: regions.preimage(RAMP, Box([-1.0], [2.0]), BELOW_ZERO),
    lambda: regions.integral(FLAT, SQUARE, method="list"),
    lambda: regions.moments(FLAT, SQUARE, method="corners"),
    lambda: regions.moments(FLAT, SQUARE),
    save_an_answer,
    ending_in(ValueError, lambda: regions.integral(HUGE, SQUARE, method="corners")),
    ending_in(
        ValueError, lambda: regions.mean_by_class(SLIVER, SQUARE, method="corners")
    ),
    lambda: regions.explore_regions(SOLID, np.full(3, 0.1), CUBE, max_regions=2),
    lambda: regions.explore_regions(TWICE, [0.11, 0.23], AROUND),
    lambda: regions.estimate_regions(SOLID, CUBE, cells=20),
    ending_in(
        RegionsError, lambda: regions.estimate_regions(SOLID, CUBE, max_seconds=1e-9)
    ),
    lambda: LinearParts(UNUSED, SQUARE).part_of(np.ones(3, bool), asking()),
    lambda: regions.hash_grid(FLAT, SQUARE, 10),
    changed(
        {
            "partition.region_shape.region_shapes": lambda net, x, domain: RegionShapes(
                *np.ones((3, len(x)))
            )
        },
        lambda: mean_inradius(FLAT, SQUARE, points=2),
    ),
    lambda: list(Batch(3, 4, 2, programs=1).parts(lambda A: [A], [np.ones((3, 4))])),
    ending_in(
        SolverError,
        lambda: _maximize_stack(np.array([np.nan]), [np.eye(1)], [np.ones(1)]),
    ),
    changed(
        {"lp.warm_lp.LARGE": 0},
        lambda: WarmProgram(np.eye(3), np.ones(3)).optimum(np.ones(3)),
    ),
    changed(
        {"domains.criss_cross.COLUMNS": 1},
        lambda: exact_lp.maximize([1, 1], [[1, 0], [0, 1]], [1, 1]),
    ),
)
"""Work of a moment that goes to its end, through the stages that are seldom seen."""

ASKED_AT = {
    "certificates/watch.py": 1,
    "domains/criss_cross.py": 2,
    "enumeration/again.py": 1,
    "enumeration/cells/meanwhile.py": 2,
    "enumeration/cluster.py": 2,
    "enumeration/line/engine.py": 1,
    "enumeration/many.py": 2,
    "enumeration/restriction/polynomial.py": 1,
    "enumeration/walk/facet_flips.py": 5,
    "estimates/estimate.py": 4,
    "estimates/linear.py": 1,
    "estimates/run.py": 1,
    "grid/hash_grid.py": 1,
    "lp/batches.py": 1,
    "lp/redundancy.py": 1,
    "lp/solve.py": 5,
    "lp/warm_lp.py": 2,
    "partition/class_polygons.py": 2,
    "partition/region_shape.py": 1,
    "pieces/cell_parts.py": 2,
    "pieces/parts.py": 2,
    "pieces/restriction_parts.py": 1,
    "pieces/streaming.py": 1,
    "polytopes/boundedness.py": 1,
    "polytopes/facet_rays.py": 1,
    "polytopes/facet_search.py": 1,
    "polytopes/fans/measuring.py": 1,
    "polytopes/list_geometry.py": 1,
    "polytopes/meeting.py": 1,
    "polytopes/polytope.py": 2,
    "questions/canonical.py": 1,
    "questions/class_means.py": 1,
    "questions/close_networks.py": 2,
    "questions/comparison.py": 1,
    "questions/corner_values.py": 1,
    "questions/difference.py": 2,
    "questions/equal_regions.py": 1,
    "questions/equality.py": 1,
    "questions/exact_bounds.py": 1,
    "questions/everywhere.py": 1,
    "questions/first_points.py": 1,
    "questions/integrals.py": 1,
    "questions/maxima.py": 5,
    "questions/pieces.py": 2,
    "questions/preimages.py": 1,
    "questions/ranges.py": 1,
    "questions/radius.py": 2,
    "questions/relaxation.py": 1,
    "questions/search.py": 2,
    "questions/visited_extremes.py": 4,
    "questions/visited_sums.py": 1,
    "questions/wide_search.py": 1,
    "results/cells.py": 1,
    "results/merging.py": 3,
    "signs/exact.py": 1,
    "signs/predicate.py": 1,
    "topology/chains.py": 1,
    "topology/definitions.py": 1,
    "topology/holes.py": 1,
    "topology/vertex_signs.py": 2,
}
"""How many lines of each module must ask there; one that is taken out is missed."""

ASKED_ITSELF = {
    "enumeration/budget.py",
    "errors/limits.py",
    "certificates/checks.py",
    "certificates/comparisons.py",
}
"""Where questions lead, and checks of lists and leaves that have the name of one."""


def test_every_stage_asks(monkeypatch):
    seen: set[tuple[str, int]] = set()
    full = Budget.full

    def stop() -> bool:
        note_asking(seen, __file__)
        return False

    def noted(budget: Budget, number: int) -> bool:
        note_asking(seen, __file__)
        return full(budget, number)

    monkeypatch.setattr(Budget, "full", noted)
    for call in SHORT:
        with regions.limited(stop=stop):
            call()
    assert not missing_lines(seen, ASKED_AT)


def test_every_question_is_in_a_ledger():
    root = Path(regions.__file__).parent
    ledgers = [ASKED_AT, *OF_ENGINES.values()]
    unknown = {}
    for path in sorted(root.rglob("*.py")):
        module = path.relative_to(root).as_posix()
        lines = asking_lines(str(path))
        known = max(ledger.get(module, 0) for ledger in ledgers)
        if len(lines) != known and module not in ASKED_ITSELF:
            unknown[module] = f"{known} of the lines {sorted(lines)} are required"
    assert not unknown
