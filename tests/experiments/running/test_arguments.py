"""Arguments that several command lines take."""

import json
import math
import pathlib

import numpy as np
import pytest

from experiments.running.arguments import (
    Parser,
    box_of,
    domain_of,
    read_polytope,
    read_row,
    read_slice,
    run_folder,
)
from regions.domains.shapes import Ball, Box, HPolytope, Segment, Slice, WholeSpace
from regions.errors import FileFormatError


def _options(*arguments: str, required: bool = True):
    parser = Parser("What.", "examples:\n  like this")
    parser.add_domain(required=required)
    return parser.parse(list(arguments))


def test_every_kind_of_domain_is_made(tmp_path):
    box = domain_of(_options("--box", "-1", "2"), 3)
    assert isinstance(box, Box)
    assert box.lower.tolist() == [-1.0] * 3
    assert box.upper.tolist() == [2.0] * 3
    box = domain_of(_options("--lower=-1,0", "--upper=1,2"), 2)
    assert isinstance(box, Box)
    assert (box.lower.tolist(), box.upper.tolist()) == ([-1.0, 0.0], [1.0, 2.0])
    segment = domain_of(_options("--segment", "0,1", "2,3"), 2)
    assert isinstance(segment, Segment)
    assert segment.end.tolist() == [2.0, 3.0]
    assert domain_of(_options("--whole-space"), 4) == WholeSpace(4)
    path = tmp_path / "slice.npz"
    np.savez(path, origin=[1.0, 2, 3], directions=[[1.0, 0, 1]], lower=[0], upper=[2])
    cut = domain_of(_options("--slice", str(path)), 3)
    assert isinstance(cut, Slice)
    assert cut.embed(np.array([[2.0]])).tolist() == [[3.0, 2.0, 5.0]]


def test_polytope_is_read_from_both_kinds_of_files(tmp_path):
    A, b = [[-1.0, 0.0], [0.0, -1.0], [1.0, 2.0]], [0.0, 0.0, 1.0]
    np.savez(tmp_path / "p.npz", A=A, b=b)
    (tmp_path / "p.json").write_text(json.dumps({"A": A, "b": b}))
    for name in ("p.npz", "p.json"):
        found = domain_of(_options("--polytope", str(tmp_path / name)), 2)
        assert found == HPolytope(A, b)
    for text in ("[]", '{"A": [[1]]}', '{"A": [["x"]], "b": [1]}', "{"):
        (tmp_path / "p.json").write_text(text)
        with pytest.raises(FileFormatError, match=r"p\.json") as error:
            read_polytope(tmp_path / "p.json")
        assert "\n" not in str(error.value)
    (tmp_path / "p.json").write_text('{"A": [[1], [-1]], "b": [0, -1]}')
    with pytest.raises(ValueError, match=r"p\.json: the polytope is empty"):
        read_polytope(tmp_path / "p.json")


def test_ball_is_made_of_three_options(tmp_path):
    np.save(tmp_path / "x.npy", [[0.0, 0.0], [0.5, 0.25]])
    where = ["--ball", f"{tmp_path / 'x.npy'}:1", "--radius", "0.1"]
    assert domain_of(_options(*where), 2) == Ball([0.5, 0.25], 0.1)
    found = domain_of(_options(*where, "--norm", "inf"), 2)
    assert found == Ball([0.5, 0.25], 0.1, math.inf)
    with pytest.raises(ValueError, match="--ball needs --radius"):
        domain_of(_options(*where[:2]), 2)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--box", "0", "1", "--whole-space"], "2 domains given"),
        (["--lower=0", "--slice", "s.npz", "--segment", "0", "1"], "3 domains given"),
        (["--lower=0"], "--lower and --upper are required together"),
        (["--upper=0"], "--lower and --upper are required together"),
        (["--upper=0,"], "'0,' is not a list of numbers"),
    ],
)
def test_bad_domains_leave_one_line(capsys, required, arguments, message):
    with pytest.raises(SystemExit) as stop:
        _options(*arguments, required=required)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_domain_may_be_missing_where_it_is_optional(capsys):
    options = _options(required=False)
    assert box_of(options, 2) is None
    with pytest.raises(ValueError, match="no domain is given"):
        domain_of(options, 2)
    with pytest.raises(SystemExit):
        _options()
    assert "no domain given: for example --box -1 1 (or --l" in capsys.readouterr().err


def test_one_number_stands_for_every_axis_only_where_asked():
    options = _options("--lower=-1", "--upper=2")
    box = box_of(options, 3, one_for_all=True)
    assert isinstance(box, Box)
    assert box.lower.tolist() == [-1.0] * 3
    strict = box_of(options, 3)
    assert isinstance(strict, Box)
    assert strict.dim == 1


def test_file_without_a_slice_is_named(tmp_path):
    path = tmp_path / "no.npz"
    np.savez(path, origin=[0.0])
    with pytest.raises(FileFormatError, match=r"no\.npz holds .*directions"):
        read_slice(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"directions": np.eye(2) + 5j}, "complex128"),
        ({"directions": np.ones(2)}, r"directions has shape \(2,\), and 2 axes"),
        ({"origin": np.array([2**53 + 1, 0])}, r"integers beyond 2\^53"),
        ({"lower": np.array(["a", "b"])}, "dtype <U1"),
    ],
)
def test_slice_of_other_numbers_is_refused(tmp_path, change, message):
    parts = {"origin": np.zeros(2), "directions": np.eye(2)}
    parts |= {"lower": -np.ones(2), "upper": np.ones(2)} | change
    np.savez(tmp_path / "s.npz", **parts)
    with pytest.raises(FileFormatError, match=message):
        read_slice(tmp_path / "s.npz")


def test_row_of_a_file_is_flattened_and_a_vector_is_one_row(tmp_path):
    points = np.arange(12.0).reshape(3, 2, 2)
    np.save(tmp_path / "x.npy", points)
    assert read_row(tmp_path / "x.npy", 1).tolist() == [4.0, 5.0, 6.0, 7.0]
    np.save(tmp_path / "x.npy", np.array([1, 2]))
    assert read_row(tmp_path / "x.npy", 0).tolist() == [1.0, 2.0]
    for row in (-1, 1):
        with pytest.raises(ValueError, match="give 0 to 0"):
            read_row(tmp_path / "x.npy", row)


def test_folder_of_a_run_depends_on_the_preset():
    assert run_folder("ring", "paper") == pathlib.Path("runs/ring")
    assert run_folder("ring", "smoke") == pathlib.Path("runs/ring-smoke")


def test_help_ends_with_the_examples_as_written(capsys):
    with pytest.raises(SystemExit) as stop:
        _options("--help")
    assert stop.value.code == 0
    assert capsys.readouterr().out.endswith("examples:\n  like this\n")
