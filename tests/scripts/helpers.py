"""How the tests reach the command lines."""

import importlib
import pathlib
import signal
import subprocess
import sys
from types import ModuleType

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"


def load_script(name: str) -> ModuleType:
    """The module behind a script."""
    return importlib.import_module(f"experiments.commands.{name}")


def run_script(name: str, *arguments: str) -> str:
    """What a script prints in a process of its own, which must succeed."""
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def press_ctrl_c_once(script: ModuleType, monkeypatch):
    """The first report to any progress bar of the script is followed by Ctrl-C."""
    pressed = []

    def press(done: int, total: int) -> None:
        if not pressed:
            pressed.append(done / total)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(script.Bars, "stage", lambda bars, message: press)


def assert_bad_input(script: ModuleType, arguments: list[str], message: str, capsys):
    """The script ends with exit code 2 and one line that says why."""
    try:
        code = script.main(arguments)
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1
