"""Code on disk: found again, never read when damaged, never mixed with other code."""

import importlib.util
import os
import shutil

import pytest

from regions.compiled import cache, jit
from tests.regions.compiled import tiny

PACKAGE = "tests.regions.compiled"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "code"))
    cache.code_folder.cache_clear()
    yield cache.code_folder(PACKAGE)
    cache.code_folder.cache_clear()


def hits():
    """How often a function declared anew was found on disk; its result is checked."""
    function = jit.compiled(tiny.double)
    assert function(21.0) == 42.0
    return sum(function.stats.cache_hits.values())


def test_code_is_found_again():
    assert [hits(), hits()] == [0, 1]


def damages():
    yield "empty", lambda data: b""
    yield "noise", lambda data: os.urandom(400)
    yield "cut short", lambda data: data[:-1]
    for part in (0.05, 0.5, 0.95):

        def flip(data, part=part):
            at = int(part * len(data))
            return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]

        yield f"bit at {part}", flip


@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("damage", [d for _, d in damages()], ids=dict(damages()))
def test_damaged_code_is_put_aside_and_made_anew(folder, caplog, kind, damage):
    hits()
    cache.note_whole(PACKAGE)
    (path,) = folder.rglob(kind)
    path.write_bytes(damage(path.read_bytes()))
    assert hits() == 0
    assert f"{path} is damaged" in caplog.text
    aside = folder.with_name(f"{folder.name}.damaged")
    assert len(list(aside.rglob(kind))) == 1
    assert not cache.holds_code(PACKAGE)
    assert hits() == 1


def test_second_damage_takes_the_place_of_the_first(folder):
    for _ in range(2):
        hits()
        (path,) = folder.rglob("*.nbc")
        path.write_bytes(b"")
        assert hits() == 0
    assert sorted(p.name for p in folder.parent.iterdir()) == [
        folder.name,
        f"{folder.name}.damaged",
    ]


def test_file_where_the_folder_should_be_costs_compiling_and_no_more(folder):
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_text("not a folder")
    assert [hits(), hits()] == [0, 0]
    assert not cache.is_writable(PACKAGE)


def test_no_folder_at_all_costs_compiling_and_no_more(monkeypatch):
    monkeypatch.setattr(jit, "code_folder", lambda package: None)
    assert [hits(), hits()] == [0, 0]


def test_code_of_other_sources_is_never_read(monkeypatch, tmp_path):
    """The compiler's own cache would not see a change in another file."""
    from regions.enumeration.tree import kernels

    original = cache._folder_of(kernels.__name__)
    copy = tmp_path / "kernels"
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "_folder_of", lambda package: copy)
    find = cache.code_folder.__wrapped__
    before, true = find("any"), find(kernels.__name__)
    assert before == true
    with (copy / "simplex.py").open("a") as file:
        file.write("# changed\n")
    assert find("any") != before


def test_code_with_other_constants_is_never_read(monkeypatch, tmp_path):
    """A constant of another file is a number in the compiled code."""
    (tmp_path / "kernels.py").write_text(
        "from regions.signs.rounding import (\n    SAFETY,\n)\n"
    )
    sources = cache._sources(tmp_path)
    spec = importlib.util.find_spec("regions.signs.rounding")
    assert spec is not None
    assert any(str(path) == spec.origin for path in sources)


def test_place_follows_what_can_be_written(monkeypatch, tmp_path):
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert cache._base(tmp_path) == tmp_path / "__pycache__"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache._base(tmp_path) == tmp_path / "home" / ".cache" / "numba"
