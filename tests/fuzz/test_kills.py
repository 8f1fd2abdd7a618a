"""A few kills and a pair of the quick writers; `make fuzz` tries all of them."""

import numpy as np
import pytest

from tests.fuzz.kills import Trial, digests


@pytest.mark.parametrize("name", ["save", "tree"])
def test_killed_runs_leave_what_one_run_leaves(tmp_path, name):
    trial = Trial(name, tmp_path, np.random.default_rng(3))
    assert trial.kills(0, 1) == []


def test_two_runs_at_once_leave_what_one_run_leaves(tmp_path):
    assert Trial("save", tmp_path, np.random.default_rng(4)).pair(0) == []


def test_what_is_left_behind_or_changed_is_seen(tmp_path):
    (tmp_path / "a.csv").write_text("x,seconds\n1,2\n")
    before = digests(tmp_path)
    (tmp_path / "a.csv").write_text("x,seconds\n1,3\n")
    assert digests(tmp_path) == before
    (tmp_path / ".a.csv.17.tmp").touch()
    assert digests(tmp_path).keys() - before.keys() == {".a.csv.17.tmp"}
    (tmp_path / "a.csv").write_text("x,seconds\n2,2\n")
    assert digests(tmp_path)["a.csv"] != before["a.csv"]
