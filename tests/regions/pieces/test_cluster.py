"""Parts on worker processes: killed workers, killed runs, a scheduler that goes."""

import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import types
from typing import Any

import pytest
from distributed import KilledWorker

from regions.domains.shapes import Box
from regions.enumeration.cluster import (
    DEATHS,
    ClusterError,
    ClusterTasks,
    open_client,
)
from regions.io import load_network
from regions.pieces.cluster import run_parts_on
from regions.pieces.parts import SPLITS, Setting, count_study
from tests.regions.pieces.helpers import worker_processes

ROOT = pathlib.Path(__file__).resolve().parents[3]
NET = ROOT / "tests" / "data" / "nets" / "d3_16x2.npz"
COUNT = 1434
COMMAND = [
    sys.executable,
    str(ROOT / "scripts" / "count_pieces.py"),
    str(NET),
    *("--box", "-1", "1", "--parts", "60"),
]

# Sockets of killed processes are closed by the collector, not by their owner.
pytestmark = pytest.mark.filterwarnings("default")


class Killer(threading.Thread):
    """Kills some worker process every now and then."""

    def __init__(self, times, seed):
        super().__init__()
        self.killed, self.finished = 0, threading.Event()
        self._times, self._rng = times, random.Random(seed)

    def run(self):
        while self.killed < self._times:
            if self.finished.wait(self._rng.uniform(0.2, 1.5)):
                return
            processes = worker_processes()
            if processes:
                self._rng.choice(processes).kill()
                self.killed += 1


@pytest.mark.slow
def test_killed_workers_change_nothing():
    network, killer = load_network(NET), Killer(2, seed=1)
    with open_client(workers=2) as client:
        killer.start()
        try:
            settings = [Setting(network, Box.cube(3), m, 40) for m in SPLITS]
            parts = count_study(settings, runner=run_parts_on(client))
        finally:
            killer.finished.set()
            killer.join()
    assert killer.killed > 0
    assert [(part.count, part.complete) for part in parts] == [(COUNT, True)] * 3


class DyingClient:
    """A client all of whose workers die of what all tasks read."""

    status = "running"

    def __init__(self):
        self.shared = []

    def scheduler_info(self, n_workers):
        return {"workers": {"one": None}}

    def submit(self, function, *arguments, pure):
        if len(arguments) == 1:
            self.shared.append(f"_same-{len(self.shared)}")
            return types.SimpleNamespace(key=self.shared[-1])
        return DyingFuture(self.shared[-1])


class DyingFuture:
    def __init__(self, key):
        self.key = key

    def result(self):
        last: Any = None
        raise KilledWorker(self.key, last, 3)


def test_what_all_tasks_read_is_shared_anew_when_workers_died_with_it():
    def give_up(task):
        raise ClusterError(f"given up {task}")

    def all_die():
        tasks._hand_out()
        running, tasks._running = dict(tasks._running), {}
        for future, index in running.items():
            assert not list(tasks._result(future, index))

    client: Any = DyingClient()
    tasks = ClusterTasks(client, max, 5, ["first", "second"], give_up, ahead=2)
    for number in range(1, DEATHS + 1):
        # Neither task is to blame.
        all_die()
        assert len(client.shared) == number
    with pytest.raises(ClusterError, match="given up"):
        [all_die() for _ in range(2 * DEATHS)]


@pytest.mark.slow
def test_killed_runs_go_on_until_the_count_is_whole(tmp_path):
    journal, sizes = tmp_path / "parts.jsonl", [0]
    command = [*COMMAND, "--workers", "0", "--journal", str(journal)]
    for _ in range(3):
        run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while run.poll() is None and lines(journal) < sizes[-1] + 8:
            time.sleep(0.02)
        run.kill()
        run.wait()
        sizes.append(lines(journal))
    assert sizes == sorted(set(sizes))
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    assert int(rows["regions"].replace(",", "")) == COUNT
    assert int(rows["from journal"]) >= sizes[-1] - 2
    assert "damaged journal lines" not in rows


def lines(path):
    """Number of whole lines of a file."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.slow
def test_interrupt_tells_how_to_go_on(tmp_path):
    journal = tmp_path / "parts.jsonl"
    command = [*COMMAND, "--workers", "0", "--journal", str(journal)]
    # Python takes no notice of Ctrl-C where it was started in the background.
    run = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while lines(journal) < 6:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    _, message = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "what was counted is kept" in message
    assert f"--journal {journal}" in message


@pytest.mark.slow
def test_scheduler_that_goes_away_is_one_line(tmp_path):
    journal = tmp_path / "parts.jsonl"
    code = (
        "import sys\n"
        "import distributed\n"
        "if __name__ == '__main__':\n"
        "    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=1,"
        " host='127.0.0.1', dashboard_address='127.0.0.1:0')\n"
        "    print(cluster.scheduler_address, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    scheduler = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert scheduler.stdout is not None
    assert scheduler.stdin is not None
    address = scheduler.stdout.readline().strip()
    command = [*COMMAND, "--scheduler", address, "--journal", str(journal)]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while lines(journal) < 6 and run.poll() is None:
        time.sleep(0.02)
    scheduler.kill()
    _, message = run.communicate(timeout=60)
    scheduler.wait()
    scheduler.stdin.close()
    scheduler.stdout.close()
    assert run.returncode == 1
    assert [v for v in message.splitlines() if v.strip()][-1].startswith("error: the ")
    assert "give the same command again" in message
    assert lines(journal) >= 6


def test_missing_scheduler_is_reported(monkeypatch):
    monkeypatch.setattr("regions.enumeration.cluster.CONNECT_SECONDS", 1)
    with (
        pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127.0.0.1:9"),
        open_client("tcp://127.0.0.1:9"),
    ):
        pass


def test_workers_that_do_not_start_are_one_line(monkeypatch):
    attempts = []

    def failing(**options):
        attempts.append(options["n_workers"])
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr("distributed.LocalCluster", failing)
    with (
        pytest.raises(ClusterError, match=r"2 workers did not start here \(Nanny fai"),
        open_client(),
    ):
        pass
    assert attempts == [2, 2, 2]


def test_no_workers_are_refused():
    with pytest.raises(ValueError, match="`workers` is 0"), open_client(workers=0):
        pass


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ImportError, match=r"install 'relu-regions\[cluster\]'"),
        open_client(),
    ):
        pass
