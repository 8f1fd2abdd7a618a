"""Chaos: workers and whole runs are killed at random, and the count stays the same.

Run: python benchmarks/chaos.py tests/data/nets/d3_32x2.npz --kills 20

A count in parts with a journal is started on two workers. Every few seconds a worker,
or the whole run with all its processes, is killed without warning; a run that is gone
is started again with the same command. In the end the count is compared with that of
the whole box, which one engine counts at once.
"""

import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import psutil

from regions.domains.shapes import Box
from regions.enumeration import count_regions
from regions.io import load_network

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "scripts" / "count_pieces.py"


def main() -> int:
    """Exit code: 0 if the counts agree, 1 if not."""
    parser = argparse.ArgumentParser(description="Kill counts in parts at random.")
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--parts", type=int, default=500)
    parser.add_argument("--method", default="cells")
    parser.add_argument("--seconds", type=float, default=8.0, help="between kills")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    network = load_network(options.network)
    whole = count_regions(network, Box.cube(network.input_dim)).count
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        journal = pathlib.Path(folder) / "parts.jsonl"
        command = [sys.executable, str(SCRIPT), str(options.network)]
        command += ["--box", "-1", "1", "--workers", "2", "--journal", str(journal)]
        command += ["--parts", str(options.parts), "--method", options.method]
        run, left, dead = start(command), options.kills, {"worker": 0, "run": 0}
        while left and run.poll() is None:
            time.sleep(rng.uniform(0.2, 1.8) * options.seconds)
            what = rng.choice(["worker", "run"])
            if kill(run, what, rng):
                left, dead[what] = left - 1, dead[what] + 1
                lines = journal.read_bytes().count(b"\n") if journal.exists() else 0
                print(f"killed: {what}; lines in the journal: {lines}", flush=True)
            if what == "run":
                run = start(command)
        output, _ = run.communicate()
    rows = dict(line.split("  ", 1) for line in output.splitlines())
    count = int(rows["regions"].replace(",", ""))
    print(f"kills: {dead}; parts: {rows['parts'].strip()}, of which")
    print(f"from the journal at the last start: {rows['from journal'].strip()}")
    print(f"counted {count:,} in parts and {whole:,} at once")
    return 0 if count == whole else 1


def start(command: list[str]) -> subprocess.Popen[str]:
    """A run with a group of processes of its own."""
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def kill(run: subprocess.Popen[str], what: str, rng: random.Random) -> bool:
    """Kill a worker or all of the run; whether there was anything to kill."""
    if run.poll() is not None:
        return False
    if what == "run":
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return True
    children = psutil.Process(run.pid).children()
    workers = [child for child in children if is_worker(child)]
    if workers:
        rng.choice(workers).kill()
    return bool(workers)


def is_worker(child: psutil.Process) -> bool:
    """Whether a process is a worker, and not gone or half gone."""
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    sys.exit(main())
