"""Exit codes, one-line errors and bars of the command lines."""

import subprocess
import sys
import time

import pytest

from experiments.running import console
from experiments.running.common import RunFolderError
from experiments.running.interrupts import CtrlC
from regions.errors import FileFormatError, NotGenericError, SolverError


def _raiser(error: BaseException):
    def execute() -> int:
        raise error

    return execute


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (0, 0), (1, 1), (130, 130)])
def test_command_without_error_gives_its_own_exit_code(capsys, answer, code):
    assert console.run_main(lambda: answer) == code
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("a\n  b"), 2),
        (FileNotFoundError("a b"), 2),
        (ImportError("a b"), 2),
        (RunFolderError("a b"), 2),
        (FileFormatError("a b"), 2),
        (NotGenericError("a\n  b"), 1),
        (SolverError("a b", status="user_limit"), 1),
    ],
)
def test_expected_error_is_one_line_and_an_exit_code(capsys, error, code):
    assert console.run_main(_raiser(error)) == code
    text = capsys.readouterr().err
    assert text.startswith("error: a b")
    assert text.count("\n") == 1


def test_error_of_the_system_names_the_file_first(capsys, tmp_path):
    def read():
        (tmp_path / "missing.toml").read_text()

    assert console.run_main(read) == 2
    path = tmp_path / "missing.toml"
    assert capsys.readouterr().err == f"error: {path}: no such file or directory\n"


def test_undecided_question_can_be_bad_input(capsys):
    assert console.run_main(_raiser(NotGenericError("a")), undecided=2) == 2
    assert capsys.readouterr().err == "error: a\n"


def test_interrupt_is_exit_code_130_with_its_line(capsys):
    code = console.run_main(_raiser(KeyboardInterrupt()), interrupted="Go on.")
    assert code == 130
    assert capsys.readouterr().err == "Go on.\n"


def test_a_limit_on_time_ends_a_command_as_ctrl_c_does(capsys):
    def forever():
        while True:
            pass

    assert console.run_main(forever, interrupted="Go on.", max_seconds=0.01) == 130
    assert capsys.readouterr().err == "Go on.\n"

    def heard():
        with CtrlC() as stop:
            while not stop():
                pass
        return 5

    assert console.run_main(heard, max_seconds=0.01) == 5
    assert console.run_main(lambda: 3, max_seconds=9.0) == 3


def test_unexpected_error_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        console.run_main(_raiser(ZeroDivisionError()))


def test_bars_have_one_task_a_stage_and_fill_unknown_lengths(capsys):
    with console.Bars() as bars:
        bars.stage("first")(7, 0)
        bars(5, 10, "second")
        bars(6, 10, "second")
        assert bars._progress is not None
        shown = [(t.description, t.percentage) for t in bars._progress.tasks]
    assert shown == [("first", 100.0), ("second", 60.0)]
    assert capsys.readouterr().err == ""


def test_bars_are_not_made_before_their_time():
    with console.Bars(after_seconds=1000.0) as bars:
        bars(1, 10, "counting")
        assert bars._progress is None
        bars._start = 0.0
        bars(5, 10, "counting")
        assert bars._progress is not None
        assert bars._progress.tasks[0].percentage == 50.0


def test_a_long_run_without_a_terminal_tells_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr(console, "FIRST_LINE", 0.0)
    monkeypatch.setattr(console, "RARE", 1000.0)
    with console.Bars() as bars:
        bars(1, 0, "finding")
        assert capsys.readouterr().err == "finding: 1\n"
        bars._pause = 700.0
        bars(1500, 2080, "counting")
        bars(1600, 2080, "counting")
        assert capsys.readouterr().err == "counting: 1,500 of 2,080\n"
        assert bars._next_line - time.perf_counter() > 900.0


def test_bars_are_drawn_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with console.Bars() as bars:
        bars(5, 10, "counting")
    assert "counting" in capsys.readouterr().err


def test_rows_are_printed_in_columns(capsys):
    console.print_rows([("a", "[bold]1[/]"), ("long", "2")])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["a     1", "long  2"]


def test_modules_of_every_command_line_are_light():
    code = (
        "import sys, experiments.running.arguments, experiments.running.console\n"
        "heavy = {'jax', 'cvxpy', 'flax', 'matplotlib', 'rich', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
