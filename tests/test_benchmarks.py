"""The gate that compares benchmarks with a file, and that file."""

import json
import pathlib

from benchmarks import gate
from benchmarks.bench import PARTS

KEPT: gate.Kept = {"part: row": {"ratio": 2.0, "reason": "as first measured"}}


def measured(*ratios):
    """A row with these ratios, one a measurement; a further one is an error."""
    left = list(ratios)
    return (lambda: ("part: row", left.pop(0))), left


def test_a_row_as_fast_as_kept_is_measured_once():
    measure, left = measured(2.9, 1.0)
    assert gate.judge(measure, KEPT) == ("part: row", 2.9, None)
    assert left == [1.0]


def test_noise_is_measured_again():
    measure, left = measured(9.0, 8.0, 2.5)
    assert gate.judge(measure, KEPT) == ("part: row", 2.5, None)
    assert not left


def test_a_row_that_is_slower_every_time_fails():
    measure, left = measured(9.0, 3.1, 8.0)
    name, ratio, fault = gate.judge(measure, KEPT)
    assert (name, ratio) == ("part: row", 3.1)
    assert fault is not None
    assert "takes 3.1 times its floor, 2.0 is kept, and at most 3 is allowed" in fault
    assert not left


def test_what_is_kept_is_the_median_of_several_measurements():
    measure, left = measured(4.0, 2.0, 3.0)
    assert gate.middle(measure) == ("part: row", 3.0, None)
    assert not left


def test_a_row_that_is_not_kept_fails():
    _, _, fault = gate.judge(lambda: ("part: new", 1.0), KEPT)
    assert fault == "part: new is not in ratios.json: keep it with --keep."


def test_what_is_kept_has_reasons_and_rows():
    assert gate.faults_of(KEPT, ["part: row"]) == []
    bad: gate.Kept = {"part: row": {"ratio": 2.0, "reason": " "}}
    assert gate.faults_of(bad) == ["part: row is kept without a reason: say why."]
    assert "measured no more" in gate.faults_of(KEPT, [])[0]


def test_the_file_keeps_every_part_with_reasons():
    kept = json.loads(gate.RATIOS.read_text("utf-8"))
    assert gate.faults_of(kept) == []
    parts = [name.split(":")[0] for name in kept]
    assert {part: parts.count(part) for part in PARTS} == {
        part: len(rows) for part, rows in PARTS.items()
    }
    assert all(entry["ratio"] > 0 for entry in kept.values())


def test_continuous_integration_measures_every_engine():
    from benchmarks import bench
    from benchmarks.engines import CASES
    from regions.enumeration.table import ENGINES

    assert bench.ENGINES == list(CASES) == list(ENGINES)
    run = pathlib.Path(__file__).parents[1] / ".ci" / "run"
    assert "benchmarks.gate --only engines" in run.read_text("utf-8")


def test_benchmark_and_floor_take_turns(monkeypatch):
    from benchmarks import bench

    calls, times = [], {"work": iter([0.3, 0.2, 0.4]), "floor": iter([0.02] * 18)}

    def timed(function):
        calls.append(function())
        return next(times[calls[-1]]), None

    monkeypatch.setattr(bench, "timed", timed)
    assert bench.in_turns(lambda: "work", lambda: "floor") == (0.2, 0.02)


def test_short_calls_are_repeated_until_they_count(monkeypatch):
    from benchmarks import bench

    calls = []
    monkeypatch.setattr(bench, "timed", lambda call: (call(), None))
    bench.in_turns(lambda: calls.append("w") or 1.0, lambda: calls.append("f") or 0.02)
    # After one of each to warm up: three calls of 0.02 s, one of 1 s, three of 0.02 s.
    assert "".join(calls) == "wf" + 3 * "fffwfff"
