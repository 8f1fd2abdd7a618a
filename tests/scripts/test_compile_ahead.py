"""Compiling everything ahead: what the disk does not hold, and no more."""

import importlib

import pytest

from regions.compiled import SWITCH, beside, cache, mode
from regions.enumeration import compile_ahead
from regions.enumeration.compile_ahead import IN_ORDER
from tests.scripts.helpers import load_script


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """Names of what is compiled, in place of doing it."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    cache.code_folder.cache_clear()
    made = []
    monkeypatch.setattr(beside, "run_exercise", made.append)
    yield made
    cache.code_folder.cache_clear()


def test_all_is_compiled_once(compiled, capsys):
    main = load_script("compile_ahead").main
    assert main([]) == 0
    assert len(compiled) == len(IN_ORDER)
    assert all(cache.holds_code(kernels.package) for kernels in IN_ORDER)
    assert capsys.readouterr().out.count("compiling") == len(IN_ORDER)
    assert main([]) == 0
    assert len(compiled) == len(IN_ORDER)


def test_every_package_is_there_with_its_exercise(compiled):
    compile_ahead.compile_ahead(lambda package: None)
    for kernels, exercise in zip(IN_ORDER, compiled, strict=True):
        importlib.import_module(kernels.package)
        module, _, name = exercise.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_exercises_run_with_the_compiler_on_whatever_the_switch_says(
    compiled, monkeypatch
):
    monkeypatch.setenv(SWITCH, "off")
    seen = []
    monkeypatch.setattr(beside, "run_exercise", lambda _: seen.append(mode()))
    compile_ahead.compile_ahead(lambda package: None)
    assert set(seen) == {"on"}
    assert mode() == "off"


def test_a_folder_that_cannot_be_written_is_said(monkeypatch, capsys):
    monkeypatch.setattr(compile_ahead, "is_writable", lambda package: False)
    assert load_script("compile_ahead").main([]) == 2
    assert "NUMBA_CACHE_DIR" in capsys.readouterr().err
