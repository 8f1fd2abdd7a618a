"""Digests of code: they change with the code they are of, and with nothing else."""

import pytest

from experiments.running import freshness


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A checkout of one study; its digests are taken anew at each call."""
    for place in ("experiments/one", "experiments/measures", "training", "regions"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "code.py").write_text("x = 1\n")
    monkeypatch.setattr(freshness, "ROOT", tmp_path)
    monkeypatch.setattr(freshness, "_digest", freshness._digest.__wrapped__)
    return tmp_path


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("experiments/one", "study"),
        ("experiments/measures", "measures"),
        ("training", "training"),
        ("regions", "regions"),
    ],
)
def test_what_changed_is_named(code, place, part):
    kept = freshness.code_digests("one")
    assert freshness.changed_parts("one", kept) == []
    (code / "notes.md").write_text("not code")
    (code / place / "code.py").write_text("x = 2\n")
    assert freshness.changed_parts("one", kept) == [part]
    (code / place / "code.py").write_text("x = 1\n")
    (code / place / "more.py").touch()
    assert freshness.changed_parts("one", kept) == [part]


def test_what_was_not_kept_counts_as_changed(code):
    assert freshness.changed_parts("one", {}) == list(freshness.code_digests("one"))
