"""Threads: how many there are, and that work on them fails as one."""

import pytest

from regions.enumeration.workers import SWITCH, map_chunks, worker_count


def test_number_of_threads_can_be_set(monkeypatch):
    monkeypatch.setenv(SWITCH, "3")
    assert worker_count() == 3
    monkeypatch.setenv(SWITCH, "none")
    with pytest.raises(ValueError, match="a positive number is required"):
        worker_count()


def test_tasks_run_in_order_and_fail_as_one(monkeypatch):
    monkeypatch.setenv(SWITCH, "2")

    def nested(task):
        return sum(map_chunks(lambda part: part * task, range(3)))

    assert map_chunks(nested, range(5)) == [0, 3, 6, 9, 12]
    ran = []

    def fail(task):
        ran.append(task)
        raise KeyError(task)

    with pytest.raises(KeyError):
        map_chunks(fail, range(100))
    assert len(ran) <= 2
