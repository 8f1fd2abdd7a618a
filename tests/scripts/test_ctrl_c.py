"""Ctrl-C in the middle of a command: it ends soon, and leaves no file cut off.

What a command prints and keeps then is tested beside it.
"""

import importlib
import signal
import time

import numpy as np
import pytest

from experiments.commands import main
from regions.io import save_network
from tests.helpers import random_network

MOMENT = 0.3
"""Seconds of processor time after which the key is pressed."""
LATE = 2.0
"""Seconds of processor time within which the command must have ended then."""
BOX = ["--box", "-1", "1"]
COMMANDS = {
    "atlas": ["atlas", "3.npz", *BOX, "--out", "a.html"],
    "export, list": ["export", "4.npz", *BOX, "--out", "law.json"],
    "export, bounds": ["export", "30.npz", *BOX, "--output", "0", "--out", "law.mps"],
    "ask": ["ask", "30.npz", *BOX, "range", "--output", "0", "--out", "answer.json"],
}
"""Work of minutes, by what the command is doing."""
IMPORTED = (
    "experiments.atlas.sources",
    "regions.questions.mixed_integer",
    "regions.questions.ranges",
    "regions.results.laws.law",
)
"""What they import before; a module half imported would stay so for other tests."""


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_ends_a_command_and_leaves_no_half_file(name, tmp_path, monkeypatch):
    for module in IMPORTED:
        importlib.import_module(module)
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for dim, widths in ((3, [60] * 3), (4, [40] * 3), (30, [200] * 3)):
        save_network(f"{dim}.npz", random_network(rng, dim, widths))
    given = set(tmp_path.iterdir())
    pressed = []

    def press(number, frame):
        pressed.append(time.process_time())
        signal.raise_signal(signal.SIGINT)

    # A program that a shell has started in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    clock = signal.signal(signal.SIGPROF, press)
    try:
        signal.setitimer(signal.ITIMER_PROF, MOMENT)
        assert main(COMMANDS[name]) == 130
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGPROF, clock)
    assert time.process_time() - pressed[0] < LATE
    left = {path.name for path in set(tmp_path.iterdir()) - given}
    assert left <= {"answer.json"}


def test_ctrl_c_while_a_command_is_imported(monkeypatch, capsys):
    def press(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib, "import_module", press)
    assert main(["count", "a.npz"]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"
