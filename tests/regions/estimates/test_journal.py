"""Runs of an estimate that are kept, killed, gone on with, and done by workers."""

import dataclasses
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.enumeration.cluster import ClusterTasks, open_client
from regions.errors import FileFormatError
from regions.estimates.estimate import estimate_regions
from regions.estimates.journal import RunJournal
from tests.helpers import random_network
from tests.regions.pieces.helpers import worker_processes

NETWORK = random_network(np.random.default_rng(11), 2, [6, 5])
BOX = Box.cube(2)


def estimating(journal, seed=3, **how):
    return estimate_regions(
        NETWORK, BOX, cells=6, runs=8, seed=seed, journal=journal, **how
    )


class KilledError(Exception):
    """What stops a run in these tests."""


def kills_after(number):
    """A `progress` that dies after some runs."""

    def progress(done, total):
        if done >= number:
            raise KilledError

    return progress


@pytest.fixture(scope="module")
def whole():
    return estimating(None)


def test_killed_estimates_go_on_and_end_with_the_same_numbers(tmp_path, whole):
    journal = tmp_path / "new" / "runs.jsonl"
    for number in (3, 5):
        with pytest.raises(KilledError):
            estimating(journal, progress=kills_after(number))
    journal.write_bytes(journal.read_bytes()[:-9])
    found = estimating(journal)
    assert found.stats["from_journal"] >= 4
    assert (found.log_runs == whole.log_runs).all()
    assert found.interval() == whole.interval()
    assert found.at_least() == whole.at_least()
    again = estimating(journal, stop=lambda: True)
    assert again.stats["from_journal"] == 8
    assert (again.log_runs == whole.log_runs).all()


def test_what_a_kill_cut_off_is_not_forgotten(tmp_path, whole):
    journal = tmp_path / "runs.jsonl"
    with pytest.raises(KilledError):
        estimating(journal, progress=kills_after(4))
    # A run that had begun and was lost counts in the bound, as nothing.
    with RunJournal(journal, NETWORK, BOX, 6, 3) as book:
        book.record_begin(7)
    found = estimating(journal, stop=lambda: True)
    assert found.stats["abandoned_runs"] == len(found.log_others) >= 1
    assert np.isneginf(found.log_others).all()
    assert set(found.log_runs) < set(whole.log_runs)
    without = dataclasses.replace(found, log_others=np.zeros(0), proved=1)
    assert found.at_least() < without.at_least()


def test_journal_of_another_estimate_is_refused(tmp_path):
    journal = tmp_path / "runs.jsonl"
    estimating(journal)
    with pytest.raises(FileFormatError, match="another network, domain, number"):
        estimating(journal, seed=4)
    journal.write_text("some notes\nof mine\n")
    with pytest.raises(FileFormatError, match="is no journal of an estimate"):
        estimating(journal)


# Sockets of killed processes are closed by the collector, not by their owner.
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_workers_give_the_same_runs_and_may_die(tmp_path, whole):
    journal, killed = tmp_path / "runs.jsonl", []

    def progress(done, total):
        if done == 2 and not killed:
            killed.append(worker_processes()[0])
            killed[0].kill()

    with open_client(workers=2) as client:
        address = str(client.scheduler_info(n_workers=0)["address"])
        found = estimating(journal, scheduler=address, progress=progress)
    assert killed
    assert (found.log_runs == whole.log_runs).all()
    assert estimating(journal).stats["from_journal"] == 8


def test_workers_with_no_time_for_a_run_are_not_waited_for():
    client = SimpleNamespace(
        submit=lambda *_, **__: None,
        scheduler_info=lambda **_: {"workers": {}},
        cancel=lambda *_, **__: None,
    )
    tasks: Any = ClusterTasks(
        cast(Any, client), int, 0, [1, 2], int, may_begin=lambda task: False
    )
    assert list(tasks.results()) == []
