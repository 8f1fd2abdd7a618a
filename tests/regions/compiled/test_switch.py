"""When the compiled form runs, is loaded beside the work, or is compiled beside it."""

import time

import pytest

from regions.compiled import SWITCH, beside, cache, switch
from regions.compiled.cache import LoadingStoppedError
from regions.compiled.switch import (
    COMPILE_AFTER,
    COMPILE_SECONDS,
    LOAD_AFTER,
    LOAD_SECONDS,
    Kernels,
)
from tests.regions.compiled import tiny

PACKAGE, EXERCISE = "tests.regions.compiled", "tests.regions.compiled.tiny:exercise"


@pytest.fixture
def begun(monkeypatch):
    """What is begun beside the work, in place of doing it."""
    calls = []
    monkeypatch.setenv(SWITCH, "auto")
    monkeypatch.setattr(beside, "load_beside", lambda load: calls.append("load"))

    def compile_beside(package, exercise):
        calls.append("compile")
        return True

    monkeypatch.setattr(beside, "compile_beside", compile_beside)
    return calls


def disk(monkeypatch, whole):
    monkeypatch.setattr(switch, "holds_code", lambda package: whole)


@pytest.fixture
def kernels():
    return Kernels(PACKAGE, EXERCISE)


@pytest.mark.parametrize("whole", [False, True])
def test_small_work_loads_nothing(monkeypatch, begun, kernels, whole):
    disk(monkeypatch, whole)
    kernels._seconds = 0.5 * LOAD_AFTER
    assert kernels.load("tiny", ahead=0.4 * LOAD_AFTER) is None
    assert begun == []


def test_code_on_disk_is_loaded_beside_longer_work(monkeypatch, begun, kernels):
    disk(monkeypatch, True)
    kernels._seconds = 2 * LOAD_AFTER
    assert [kernels.load("tiny") for _ in range(3)] == [None] * 3
    assert begun == ["load"]
    kernels.exercise()
    assert kernels.load("tiny") is tiny


def test_code_on_disk_is_loaded_at_once_for_long_work(monkeypatch, begun, kernels):
    disk(monkeypatch, True)
    assert kernels.load("tiny", ahead=0.5 * LOAD_SECONDS) is None
    assert kernels.load("tiny", ahead=10 * LOAD_SECONDS) is tiny
    assert kernels.load("tiny") is tiny


def test_missing_code_is_compiled_beside_longer_work(monkeypatch, begun, kernels):
    disk(monkeypatch, False)
    kernels._seconds = 0.9 * COMPILE_AFTER
    assert kernels.load("tiny") is None
    assert begun == []
    kernels._seconds = 10 * COMPILE_SECONDS
    assert [kernels.load("tiny") for _ in range(3)] == [None] * 3
    assert begun == ["compile"]
    disk(monkeypatch, True)
    assert kernels.load("tiny") is None
    assert begun == ["compile", "load"]


def test_code_without_a_place_is_compiled_once_it_has_paid(monkeypatch, kernels):
    monkeypatch.setenv(SWITCH, "auto")
    disk(monkeypatch, False)
    monkeypatch.setattr(beside, "compile_beside", lambda package, exercise: False)
    kernels._seconds = 0.9 * COMPILE_SECONDS
    assert kernels.load("tiny") is None
    kernels._seconds = 1.1 * COMPILE_SECONDS
    assert kernels.load("tiny") is tiny


def test_switch_and_what_is_switched_off(monkeypatch, kernels):
    monkeypatch.setenv(SWITCH, "on")
    assert kernels.load("tiny") is tiny
    with kernels.switched_off():
        assert kernels.load("tiny") is None
    monkeypatch.setenv(SWITCH, "off")
    assert kernels.load("tiny", ahead=1e9) is None
    monkeypatch.setenv(SWITCH, "maybe")
    with pytest.raises(ValueError, match="one of auto, on, off is required"):
        kernels.load("tiny")


def test_modules_that_are_used_together_are_ready_together(monkeypatch, kernels):
    # Code becomes ready between two questions: the first answer holds for all.
    answers = iter([False, True])
    monkeypatch.setattr(kernels, "_is_wanted", lambda ahead: next(answers))
    assert kernels.load_all("tiny", "tiny") is None
    assert kernels.load_all("tiny", "tiny") == (tiny, tiny)


def test_only_plain_work_counts(kernels):
    with kernels.plain_work(None):
        time.sleep(0.01)
    before = kernels._seconds
    assert before >= 0.01
    with kernels.plain_work(tiny):
        time.sleep(0.01)
    assert kernels._seconds == before


def test_thread_and_process_make_code_ready(monkeypatch, tmp_path):
    """First another process compiles, then a thread loads, while this one goes on."""
    monkeypatch.setenv(SWITCH, "auto")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    cache.code_folder.cache_clear()
    kernels = Kernels(PACKAGE, EXERCISE)
    kernels._seconds, end = 2 * COMPILE_AFTER, time.monotonic() + 60.0
    assert kernels.load("tiny") is None
    while kernels.load("tiny") is not tiny and time.monotonic() < end:
        time.sleep(0.02)
    assert kernels.load("tiny") is tiny
    assert kernels._is_loading
    assert cache.holds_code(PACKAGE)
    assert not list(tmp_path.rglob("compiling"))
    cache.code_folder.cache_clear()


def test_thread_ends_quietly_with_the_process(monkeypatch, kernels):
    def stopped(exercise):
        raise LoadingStoppedError

    monkeypatch.setattr(beside, "run_exercise", stopped)
    kernels.exercise()
    assert not kernels._is_ready
