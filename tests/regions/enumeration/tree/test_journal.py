"""Journals: runs that are stopped or killed end with the same regions."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from regions.domains.shapes import Box, Domain, WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.tree import journal as module
from regions.errors import FileFormatError
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.zoo import ZOO

NETWORK = random_network(np.random.default_rng(2), 2, [12, 12])
BOX = Box.cube(2)
SPECIMENS: dict[str, tuple[ReluNetwork, Domain]] = {
    "generic": (NETWORK, BOX),
    "whole_space": (random_network(np.random.default_rng(3), 2, [7, 5]), WholeSpace(2)),
    # Its slivers have rational witnesses, which the journal holds as text.
    "slivers": ZOO["equal_up_to_rounding"],
}

CHILD = """
import json, sys
import numpy as np
from regions.domains.shapes import Box
from regions.enumeration import enumerate_regions
from regions.enumeration.tree import journal
from regions.enumeration.tree import search as tree
from tests.helpers import random_network

write = journal.Journal.write

def checkpoint(self, finished, stack):
    write(self, finished, stack)
    print("checkpoint", flush=True)
    sys.stdin.readline()

journal.Journal.write = checkpoint
journal.Journal.due = lambda self: True
tree.MAX_CELLS = 16
network = random_network(np.random.default_rng(2), 2, [12, 12])
rs = enumerate_regions(network, Box.cube(2), method="tree", journal=sys.argv[1])
print(json.dumps([len(rs), rs.complete]))
"""
"""A search that waits for a line at each checkpoint: it cannot end before a kill."""


@pytest.fixture
def small_steps(monkeypatch):
    """A checkpoint after every finished block, and small blocks."""
    monkeypatch.setattr(module.Journal, "due", lambda self: True)
    monkeypatch.setattr("regions.enumeration.tree.search.MAX_CELLS", 64)


def table(rs) -> set[bytes]:
    rows = {row.tobytes() for row in rs.patterns}
    assert len(rows) == len(rs)
    return rows


def listed(network, domain, **options):
    return enumerate_regions(network, domain, method="tree", **options)


@pytest.mark.parametrize("name", SPECIMENS)
def test_runs_stopped_again_and_again_end_with_the_same_regions(
    name, tmp_path, small_steps
):
    network, domain = SPECIMENS[name]
    expected = listed(network, domain)
    stops, folder = 0, tmp_path / "journal"
    for limit in range(1, 10_000, 40):
        part = listed(network, domain, journal=folder, max_regions=limit)
        assert table(part) <= table(expected)
        if part.complete:
            break
        stops += 1
    final = listed(network, domain, journal=folder)
    assert final.complete
    assert table(final) == table(expected)
    assert set(final.exact_witnesses.values()) == set(expected.exact_witnesses.values())
    assert stops >= (1 if len(expected) < 50 else 3)


def test_count_with_a_journal_equals_the_count_without(tmp_path, small_steps):
    expected = int(count_regions(NETWORK, BOX, method="tree"))
    folder = tmp_path / "journal"
    first = count_regions(NETWORK, BOX, method="tree", journal=folder, max_regions=50)
    assert not first.complete
    assert 50 <= first.count < expected
    second = count_regions(NETWORK, BOX, method="tree", journal=folder)
    assert (second.count, second.complete) == (expected, True)
    # A list goes on where a count stopped: both keep the same journal.
    assert len(listed(NETWORK, BOX, journal=folder)) == expected


def test_complete_journal_answers_without_any_work(tmp_path):
    first = count_regions(NETWORK, BOX, method="tree", journal=tmp_path)
    again = count_regions(NETWORK, BOX, method="tree", journal=tmp_path)
    assert (again.count, again.complete) == (first.count, True)
    assert again.stats.get("linear_programs", 0) == 0
    assert first.stats["linear_programs"] > 0


def test_killed_runs_resume_and_end_with_the_same_regions(tmp_path):
    expected = listed(NETWORK, BOX)
    for pause in (0.0, 0.002, 0.01, 0.03, 0.1):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path / "journal")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[4],
            text=True,
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            assert child.stdout.readline() == "checkpoint\n"
            child.stdin.write("go on\n")
            child.stdin.flush()
            # Somewhere between this checkpoint and the end of the next.
            time.sleep(pause)
            child.send_signal(signal.SIGKILL)
        assert child.returncode == -signal.SIGKILL
    final = listed(NETWORK, BOX, journal=tmp_path / "journal")
    assert final.complete
    assert table(final) == table(expected)


def test_kill_while_a_checkpoint_is_written_loses_only_that_one(
    tmp_path, small_steps, monkeypatch
):
    """The process dies at every possible write in turn: before a rename."""
    expected = listed(NETWORK, BOX)
    real, writes = module._save, 0

    class Killed(BaseException):
        pass

    def save(path, arrays):
        nonlocal writes
        writes += 1
        if writes % 4 == 0:
            path.with_suffix(".tmp").write_bytes(b"half a file")
            raise Killed
        real(path, arrays)

    monkeypatch.setattr(module, "_save", save)
    deaths = 0
    for _ in range(1000):
        try:
            final = listed(NETWORK, BOX, journal=tmp_path)
        except Killed:
            deaths += 1
            continue
        break
    else:
        pytest.fail("no run came to an end")
    assert deaths >= 3
    assert table(final) == table(expected)


def stopped_journal(folder: Path) -> None:
    everything = int(count_regions(NETWORK, BOX))
    part = listed(NETWORK, BOX, journal=folder, max_regions=everything - 1)
    assert not part.complete
    assert (folder / "part-000000.npz").exists()


@pytest.mark.parametrize("name", ["stack.npz", "part-000000.npz"])
def test_damaged_journal_gives_one_clear_line(name, tmp_path, small_steps):
    stopped_journal(tmp_path)
    good = (tmp_path / name).read_bytes()
    damaged = [b"", b"nothing", good[: len(good) // 2], good[:-1], good[:100]]
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(good), 40).tolist():
        damaged.append(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
    messages = []
    for data in damaged:
        (tmp_path / name).write_bytes(data)
        try:
            with module.Journal(tmp_path, module.fingerprint(NETWORK, BOX)) as stack:
                stack.resume()
                list(stack.parts(24))
        except FileFormatError as error:
            messages.append(str(error))
    # A few bytes of a zip file, such as times, say nothing.
    assert len(messages) >= 5 + 20
    assert all(name in text and "\n" not in text for text in messages)


def test_missing_part_is_told(tmp_path, small_steps):
    stopped_journal(tmp_path)
    (tmp_path / "part-000000.npz").unlink()
    with pytest.raises(FileFormatError, match=r"part-000000\.npz is missing"):
        listed(NETWORK, BOX, journal=tmp_path)


@pytest.mark.parametrize(
    ("network", "domain"),
    [
        (NETWORK, Box.cube(2, 2.0)),
        (NETWORK, WholeSpace(2)),
        (random_network(np.random.default_rng(3), 2, [12, 12]), BOX),
    ],
)
def test_journal_of_another_search_is_refused(network, domain, tmp_path):
    listed(*ZOO["one_unit"], journal=tmp_path / "other")
    listed(NETWORK, BOX, journal=tmp_path / "own", max_regions=5)
    for folder in ("other", "own"):
        with pytest.raises(FileFormatError, match="another network or domain"):
            listed(network, domain, journal=tmp_path / folder)


def test_header_without_its_entries_is_refused(tmp_path):
    for header in ("{}", "[]", "3", json.dumps({"version": 3, "blocks": 0})):
        np.savez(tmp_path / "stack.npz", header=np.array(header))
        with pytest.raises(FileFormatError, match="not a readable journal"):
            listed(NETWORK, BOX, journal=tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"blocks": -5},
        {"blocks": 0},
        {"parts": []},
        {"regions": 7},
        {"unit_0": np.array(10**6)},
        {"low_0": np.zeros((1, 2))},
    ],
)
def test_edited_journal_is_refused(change, tmp_path, small_steps):
    stopped_journal(tmp_path)
    with np.load(tmp_path / "stack.npz") as data:
        arrays = {name: data[name] for name in data.files}
    header = json.loads(str(arrays["header"]))
    arrays.update({name: v for name, v in change.items() if name not in header})
    header.update({name: v for name, v in change.items() if name in header})
    arrays["header"] = np.array(json.dumps(header))
    np.savez(tmp_path / "stack.npz", **arrays)
    with pytest.raises(FileFormatError, match=r"changed since|not a readable"):
        listed(NETWORK, BOX, journal=tmp_path)


def test_witnesses_that_would_take_hours_to_read_are_refused():
    with pytest.raises(ValueError, match="p/q of at most"):
        module._rationals(np.array(["1/3 1e99999999"]))


def test_edited_part_is_refused(tmp_path, small_steps):
    stopped_journal(tmp_path)
    with np.load(tmp_path / "part-000000.npz") as data:
        arrays = {name: data[name] for name in data.files}
    arrays["bits"] = arrays["bits"] ^ np.uint8(1)
    np.savez(tmp_path / "part-000000.npz", **arrays)
    with pytest.raises(FileFormatError, match="changed since it was written"):
        listed(NETWORK, BOX, journal=tmp_path)


def test_second_run_on_a_journal_is_refused_while_the_first_goes_on(
    tmp_path, small_steps
):
    refusals = []

    def second(done, total):
        if not refusals:
            with pytest.raises(BlockingIOError, match="another run") as refusal:
                listed(NETWORK, BOX, journal=tmp_path)
            refusals.append(str(refusal.value))

    first = listed(NETWORK, BOX, journal=tmp_path, progress=second)
    assert first.complete
    assert len(refusals) == 1
    assert "\n" not in refusals[0]
    assert table(listed(NETWORK, BOX, journal=tmp_path)) == table(first)


def test_kill_before_the_first_checkpoint_begins_anew(tmp_path, small_steps):
    stopped_journal(tmp_path)
    # What a kill between the first part and the first stack leaves.
    (tmp_path / "stack.npz").unlink()
    again = listed(NETWORK, BOX, journal=tmp_path)
    assert again.complete
    assert table(again) == table(listed(NETWORK, BOX))


def test_journal_of_an_older_version_is_refused(tmp_path):
    np.savez(tmp_path / "stack.npz", header=np.array(json.dumps({"version": 1})))
    with pytest.raises(FileFormatError, match="has version 1; 3 is required"):
        listed(NETWORK, BOX, journal=tmp_path)
