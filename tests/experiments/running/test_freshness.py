"""Digests of code: they change with the code they are of, and with nothing else."""

import pytest

from experiments.running import freshness


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A checkout of one study; its imports are read anew at each call."""
    for place, text in (
        ("experiments/one/code", "from experiments.measures.width import wide\n"),
        ("experiments/measures/width", "def f():\n    import training.fit\n"),
        ("experiments/measures/other", "x = 1\n"),
        ("training/fit", "from regions import network\n"),
        ("training/other", "import regions\n"),
        ("regions/__init__", "from importlib import import_module\n"),
        ("regions/network", "import numpy\n"),
        ("regions/other", "x = 1\n"),
    ):
        file = tmp_path / f"{place}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(freshness, "ROOT", tmp_path)
    for name in ("_imported", "_digest"):
        monkeypatch.setattr(freshness, name, getattr(freshness, name).__wrapped__)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "parts"),
    [
        ("experiments/one/code.py", ["study"]),
        ("experiments/measures/width.py", ["measures"]),
        ("training/fit.py", ["training"]),
        # `from regions import ...` may use all of it.
        ("regions/other.py", ["regions"]),
        ("experiments/measures/other.py", []),
        ("training/other.py", []),
    ],
)
def test_what_changed_is_named_if_it_can_be_reached(code, file, parts):
    kept = freshness.code_digests("one")
    assert freshness.changed_parts("one", kept) == []
    (code / "notes.md").write_text("not code")
    before = (code / file).read_text()
    (code / file).write_text(before + "# more\n")
    assert freshness.changed_parts("one", kept) == parts
    (code / file).write_text(before)
    assert freshness.changed_parts("one", kept) == []


def test_of_a_package_only_what_is_named_counts(code):
    (code / "training/fit.py").write_text("from regions.network import x\n")
    kept = freshness.code_digests("one")
    (code / "regions/other.py").write_text("x = 2\n")
    assert freshness.changed_parts("one", kept) == []
    # What loads modules by name may load any.
    (code / "regions/network.py").write_text("import_module(name)\n")
    kept = freshness.code_digests("one")
    (code / "regions/other.py").write_text("x = 3\n")
    assert freshness.changed_parts("one", kept) == ["regions"]


def test_new_files_of_a_study_count(code):
    kept = freshness.code_digests("one")
    (code / "experiments/one/more.py").touch()
    assert freshness.changed_parts("one", kept) == ["study"]


def test_what_was_not_kept_counts_as_changed(code):
    assert freshness.changed_parts("one", {}) == list(freshness.code_digests("one"))
