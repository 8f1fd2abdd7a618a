"""Ctrl-C as a wish to stop."""

import pathlib
import signal
import subprocess
import sys
import time

import pytest

from experiments.running.interrupts import INTERRUPTED, CtrlC, heard_interrupts, leave

BUSY = f"""
import threading, time
from experiments.running.interrupts import leave
threading.Thread(target=time.sleep, args=(600,)).start()
print("kept")
leave({INTERRUPTED})
"""


def test_first_ctrl_c_is_noted_and_the_second_interrupts():
    before = signal.getsignal(signal.SIGINT)
    with CtrlC() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupted_program_waits_for_nothing_and_says_all():
    child = subprocess.run(
        [sys.executable, "-c", BUSY],
        cwd=pathlib.Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (child.returncode, child.stdout) == (INTERRUPTED, "kept\n"), child.stderr
    with pytest.raises(SystemExit) as end:
        leave(2)
    assert end.value.code == 2


def test_ctrl_c_in_a_finalizer_comes_again(monkeypatch):
    class Pressed:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def work():
        Pressed()
        time.sleep(60)

    # A program that a shell has started in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    others = []
    monkeypatch.setattr(sys, "unraisablehook", others.append)
    try:
        with pytest.raises(KeyboardInterrupt), heard_interrupts():
            work()
        assert not others
        assert sys.unraisablehook == others.append
    finally:
        signal.signal(signal.SIGINT, before)
