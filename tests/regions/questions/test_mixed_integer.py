"""The program that is written, read back by HiGHS: its optimum is the range's end."""

import highspy
import numpy as np
import pytest

import regions
from regions.network import ReluNetwork
from regions.questions.mixed_integer import mixed_integer_program
from regions.questions.ranges import output_range
from tests.helpers import random_network


def _solved(path):
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", 0.0)
    assert solver.readModel(str(path)) == highspy.HighsStatus.kOk
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return solver.getInfo().objective_function_value


def _cases():
    rng = np.random.default_rng(3)
    slopes = [np.array([0.1, 0.0, 1.0, 2.0, -0.5]), 0.25]
    yield (
        "plain",
        random_network(rng, 3, [6, 5], outputs=2),
        regions.Box.cube(3),
        [1, -2],
    )
    yield "bent", random_network(rng, 2, [5, 4], slopes=slopes), regions.Box.cube(2), 0
    plane = regions.Slice(
        [0.1, 0.2, 0.3], [[1, 0, 0.5], [0, 1, 0.25]], regions.Box.cube(2)
    )
    yield "slice", random_network(rng, 3, [5, 4]), plane, 0
    corners = regions.Simplex([[0.0, 0.0], [1.0, 0.1], [0.3, 1.0]])
    yield "simplex", random_network(rng, 2, [6]), corners, 0
    skips = {1: {0: rng.normal(size=(4, 2))}}
    base = random_network(rng, 2, [5, 4])
    parts = (
        [layer.weight for layer in base.layers],
        [layer.bias for layer in base.layers],
    )
    wide = ReluNetwork.from_arrays(*parts, skips=skips)
    yield "skips", wide, regions.Box.cube(2), None
    yield (
        "integers",
        ReluNetwork.from_arrays(
            [np.round(2 * layer.weight) for layer in base.layers],
            [np.round(2 * layer.bias) for layer in base.layers],
        ),
        regions.Box.cube(2),
        None,
    )


@pytest.mark.parametrize("case", [*_cases()], ids=lambda case: case[0])
def test_optimum_is_the_end_of_the_range(case, tmp_path):
    name, net, domain, direction = case
    low, high = output_range(net, domain, direction).value
    seconds = 0.05 if name == "integers" else 0
    for maximize, end, file in (
        (False, low, "program.mps"),
        (True, high, "program.lp"),
    ):
        program = mixed_integer_program(
            net, domain, direction, maximize=maximize, unit_seconds=seconds
        )
        found = _solved(program.save(tmp_path / file))
        assert found == pytest.approx(float(end), rel=1e-6, abs=1e-6)


def test_files_keep_all_digits_and_columns_that_no_row_has(tmp_path):
    net = ReluNetwork.from_arrays([[[1 / 3, 0.0]], [[1e-8 / 3]]], [[0.1], [0.7]])
    program = mixed_integer_program(net, regions.Box([-1, -1 / 7], [1, 2]))
    for suffix in (".mps", ".lp"):
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("small_matrix_value", 1e-12)
        solver.readModel(str(program.save(tmp_path / f"p{suffix}")))
        read = solver.getLp()
        names = dict(zip(read.col_names_, range(read.num_col_), strict=True))
        assert read.col_lower_[names["x1"]] == -1 / 7
        assert read.col_upper_[names["x1"]] == 2.0
        assert sorted(read.a_matrix_.value_) == sorted(
            weight for row in program.rows for weight in row.weights.values()
        )


def test_units_with_one_sign_are_written_out():
    """No binaries remain where every unit has one sign, and bounds are sharp."""
    net = ReluNetwork.from_arrays(
        [np.eye(2), [[1.0, 1.0]], [[1.0]]], [[3.0, 3.0], [-10.0], [0.0]]
    )
    program = mixed_integer_program(net, regions.Box.cube(2), unit_seconds=0)
    assert not program.binaries
    cancel = ReluNetwork.from_arrays(
        [[[1.0], [-1.0]], [[1.0, 1.0]], [[1.0]]], [None, [-1.0], None]
    )
    loose = mixed_integer_program(cancel, regions.Box([-1], [1]), unit_seconds=0)
    sharp = mixed_integer_program(cancel, regions.Box([-1], [1]))
    assert "z1_0" in loose.binaries
    assert "z1_0" not in sharp.binaries


def test_bad_arguments_are_said_in_one_line(tmp_path):
    net = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    with pytest.raises(ValueError, match="whole space"):
        mixed_integer_program(net, regions.WholeSpace(1))
    program = mixed_integer_program(net, regions.Box([-1], [1]))
    with pytest.raises(ValueError, match=r"saved as \.mps or \.lp"):
        program.save(tmp_path / "net.txt")
    huge = ReluNetwork.from_arrays(
        [[[1e200]], [[1e200]], [[1.0]]], [[1.0], [-1e300], None]
    )
    with pytest.raises(ValueError, match="beyond those of float64"):
        mixed_integer_program(huge, regions.Box([-1], [1]), unit_seconds=0)
