"""The script that says which results are older than their code."""

import json

from experiments.running.freshness import code_digests
from scripts import results
from tests.scripts.helpers import assert_bad_input


def test_states_are_named(tmp_path, capsys):
    (tmp_path / "results").mkdir()
    for name, changes in (("hopfield", {}), ("pulse", {"study": "other"})):
        kept = code_digests(name) | changes
        record = {"date": "2026-01-02", "code": kept, "cpu_seconds": 1.0}
        (tmp_path / "results" / f"{name}.json").write_text(json.dumps(record))
    names = ["hopfield", "pulse", "ring"]
    assert results.main([*names, "--docs", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == names
    assert lines[0].endswith("2026-01-02               of this code")
    assert lines[1].endswith("older than study")
    assert "never published" in lines[2]


def test_what_to_publish_is_named(capsys):
    assert_bad_input(results, ["--publish"], "--publish needs the NAME", capsys)


def test_what_is_older_is_named_and_run_in_order_of_its_time(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "results").mkdir()
    for name, seconds in (("pulse", 900.0), ("hopfield", None), ("ring", 1.0)):
        code = code_digests(name) if name == "ring" else {}
        record = {"code": code, "cpu_seconds": seconds, "headline": "", "claims": []}
        (tmp_path / "results" / f"{name}.json").write_text(json.dumps(record))
    ran = []
    monkeypatch.setattr(results, "_run", lambda name, docs: not ran.append(name))
    monkeypatch.setattr("experiments.running.publishing.write_pages", lambda docs: None)
    names = ["pulse", "ring", "hopfield"]
    assert results.main([*names, "--run", "--docs", str(tmp_path)]) == 0
    assert ran == ["hopfield", "pulse"]
    assert capsys.readouterr().out.splitlines() == [
        "2 of 3 results are older than their code: hopfield, pulse",
        "about 15 min of CPU time, and 1 of which it is not known",
    ]
