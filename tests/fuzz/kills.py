"""Writers that are killed, and two at once: the same results, nothing left behind.

Every writer runs undisturbed once. Then it is killed at random moments and run again to
the end, and two of it run at once for one place, of which the second may be refused in
one line. What lies there afterwards must be what the undisturbed run left. `make fuzz`
kills 50 times and runs 20 pairs, the test suite a few of the quick ones.
"""

import argparse
import contextlib
import csv
import hashlib
import json
import multiprocessing
import os
import pathlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

NETS = pathlib.Path(__file__).resolve().parents[1] / "data" / "nets"
NET = str(NETS / "d2_14x6.npz")
BOX = ["--box", "-1", "1"]

_SPAWNED = multiprocessing.get_context("forkserver")
_SPAWNED.set_forkserver_preload(  # what the processes find loaded
    [
        "experiments.commands.count_regions",
        "regions.enumeration.cells.engine",
        "regions.enumeration.tree.engine",
        "regions.pieces.streaming",
        "regions.results.region_files",
    ]
)


def _command(name: str, *arguments: str) -> int:
    """Run a command of `relu-regions` in this process."""
    import importlib

    return importlib.import_module(f"experiments.commands.{name}").main([*arguments])


def _save(folder: pathlib.Path) -> int:
    path = folder / "regions.parquet"
    return _command("count_regions", NET, *BOX, "--save", str(path))


def _save_csv(folder: pathlib.Path) -> int:
    return _command("count_regions", NET, *BOX, "--save", str(folder / "regions.csv"))


def _tree(folder: pathlib.Path) -> int:
    """The tree with checkpoints all the time, and what it found in the end."""
    import regions
    from experiments.running.console import run_main
    from regions.enumeration.tree import journal
    from regions.files.writing import write_text

    journal.Journal.due = lambda self: True  # at every block
    network = regions.load_network(NETS / "d2_16x1.npz")

    def search() -> None:
        found = regions.enumerate_regions(
            network, regions.Box.cube(2), method="tree", journal=folder / "journal"
        )
        assert found.complete
        codes = sorted(row.tobytes().hex() for row in found.patterns)
        write_text(folder / "codes.txt", "\n".join(codes))

    return run_main(search)


def _pieces(folder: pathlib.Path) -> int:
    """A count in parts with a journal, and the count."""
    import regions
    from experiments.running.console import run_main
    from regions.files.writing import write_text
    from regions.pieces.parts import count_in_parts

    network = regions.load_network(NET)

    def count() -> None:
        journal = folder / "pieces.jsonl"
        found = count_in_parts(network, regions.Box.cube(2), parts=20, journal=journal)
        assert found.complete
        write_text(folder / "count.txt", str(found.count))

    return run_main(count)


def _parts(folder: pathlib.Path) -> int:
    """Regions streamed to a folder of files."""
    import regions
    from experiments.running.console import run_main
    from regions.pieces.streaming import enumerate_to_parquet

    network = regions.load_network(NET)

    def stream() -> None:
        box = regions.Box.cube(2)
        found = enumerate_to_parquet(network, box, folder / "parts", piece_regions=100)
        assert found.complete

    return run_main(stream)


def _atlas(folder: pathlib.Path) -> int:
    net = str(NETS / "d2_16x1.npz")
    return _command("atlas", net, *BOX, "--out", str(folder / "atlas.html"))


def _export(folder: pathlib.Path) -> int:
    """The smaller network, and the graph of the regions."""
    net = str(NETS / "d2_16x1.npz")
    code = _command("simplify", net, *BOX, "--output", str(folder / "small.npz"))
    graph = str(folder / "graph.graphml")
    return code or _command("walk", net, "graph", *BOX, "--save", graph)


def _ring(folder: pathlib.Path) -> int:
    run = ["--preset", "smoke", "--epochs", "40", "--folder", str(folder / "run")]
    return _command("ring", *run)


_STUDY = """seeds = 2
epochs = 5
points = 16
bootstrap = 10

[[families]]
varies = "width"
values = [4, 8]
dim = 2
"""


def _study(folder: pathlib.Path) -> int:
    (folder / "study.toml").write_text(_STUDY)
    run = str(folder / "run")
    return _command("scaling_study", str(folder / "study.toml"), "--folder", run)


def _movie(folder: pathlib.Path) -> int:
    small = ["--shape", "[4]*2", "--size", "64", "--points", "200", "--epochs", "30"]
    small += ["--val-points", "50", "--frames", "6", "--fps", "3"]
    return _command("movie", *small, "--folder", str(folder / "run"))


WRITERS: dict[str, Callable[[pathlib.Path], int]] = {
    "save": _save,
    "csv": _save_csv,
    "tree": _tree,
    "pieces": _pieces,
    "parts": _parts,
    "atlas": _atlas,
    "export": _export,
    "ring": _ring,
    "study": _study,
    "movie": _movie,
}
"""By the name that the command takes."""


class Ended(NamedTuple):
    """How a process ended.

    Attributes:
        code: Its exit code.
        error: What it wrote to the standard error.
    """

    code: int | None
    error: str


def _work(name: str, folder: pathlib.Path, log: pathlib.Path) -> None:
    """The process of a writer."""
    with (
        log.open("w") as file,
        pathlib.Path(os.devnull).open("w") as nothing,
        contextlib.redirect_stderr(file),
        contextlib.redirect_stdout(nothing),
    ):
        code = WRITERS[name](folder)
    sys.exit(code)


class Run:
    """A writer at work in a process of its own."""

    def __init__(self, name: str, folder: pathlib.Path):
        folder.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(delete=False) as file:
            self._log = pathlib.Path(file.name)
        self._process = _SPAWNED.Process(target=_work, args=(name, folder, self._log))
        self._process.start()

    def kill_after(self, seconds: float) -> None:
        """End it at once, wherever it is then."""
        self._process.join(seconds)
        self._process.kill()
        self.end()

    def end(self) -> Ended:
        """Wait for its end."""
        self._process.join()
        error = self._log.read_text()
        self._log.unlink()
        return Ended(self._process.exitcode, error)


def digests(folder: pathlib.Path) -> dict[str, str]:
    """What lies in a folder, without times: a digest of each file by its place.

    Of snapshots, whose files Orbax names at random, the epochs alone are told.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if "snapshots" in place.parts:
            # The next name is the epoch's, or what a save left that was cut short.
            place = pathlib.Path(*place.parts[: place.parts.index("snapshots") + 2])
            found[place.as_posix()] = ""
        elif not path.is_dir():
            content = _content(path)
            found[place.as_posix()] = hashlib.sha256(content.encode()).hexdigest()
    return found


def _content(path: pathlib.Path) -> str:
    """A file as text that is the same for the same result."""
    if path.suffix == ".json":
        return json.dumps(_timeless(json.loads(path.read_text())), sort_keys=True)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return repr({n: (a.shape, a.tobytes()) for n, a in arrays.items()})
    if path.suffix == ".parquet":
        return _rows(path)
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            rows = [_timeless(row) for row in csv.DictReader(file)]
        # Of regions the code alone: any point inside serves as witness.
        rows = [row.get("code", row) for row in rows]
        return repr(sorted(map(repr, rows)))
    if path.suffix == ".jsonl":  # lines in the order of their ends
        return "\n".join(sorted(path.read_text().splitlines()))
    if path.suffix in (".mp4", ".png", ".svg", ".pdf", ".html"):
        return str(path.stat().st_size > 100)
    return path.read_bytes().hex()


def _rows(path: pathlib.Path) -> str:
    """The patterns of a Parquet file, or the rows of another, in a fixed order."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    if "pattern" in table.column_names:
        # A witness is any point inside: plain and compiled code may take others.
        table = table.select(["pattern"])
    return repr(sorted(repr(_timeless(row)) for row in table.to_pylist()))


def _timeless(data: Any) -> Any:
    """Names and values without those that tell times and digests of files."""
    if isinstance(data, dict):
        return {k: _timeless(v) for k, v in data.items() if not _tells_time(k)}
    return [_timeless(v) for v in data] if isinstance(data, list) else data


def _tells_time(name: str) -> bool:
    return "seconds" in name or name in ("resumed", "sha256", "commit")


class Trial:
    """One writer, and what it leaves undisturbed.

    Args:
        name: The writer.
        folder: A new one for all of its runs.
        rng: Draws the moments.
    """

    def __init__(self, name: str, folder: pathlib.Path, rng: np.random.Generator):
        self.name, self._folder, self._rng = name, folder, rng
        start = time.perf_counter()
        ended = Run(name, folder / "undisturbed").end()
        self._seconds = time.perf_counter() - start
        if ended.code != 0:
            raise RuntimeError(f"{name} ends with {ended.code}: {ended.error[-500:]}")
        self._expected = digests(folder / "undisturbed")

    def kills(self, number: int, times: int) -> list[str]:
        """Kill a run so many times, let it end, and say what is wrong."""
        folder = self._folder / f"kills-{number}"
        for _ in range(times):
            Run(self.name, folder).kill_after(self._rng.uniform(0, self._seconds))
        ended = Run(self.name, folder).end()
        return [*self._wrong(folder, [ended])]

    def pair(self, number: int) -> list[str]:
        """Two runs for one place, and a third if one was refused."""
        folder = self._folder / f"pair-{number}"
        first = Run(self.name, folder)
        time.sleep(self._rng.uniform(0, self._seconds / 2))
        both = [Run(self.name, folder).end(), first.end()]
        return [*self._wrong(folder, both)]

    def _wrong(self, folder: pathlib.Path, runs: list[Ended]) -> Iterator[str]:
        """What is not as it should be."""
        for ended in runs:
            refused = ended.code == 2 and "another run is writing" in ended.error
            refused &= ended.error.count("\n") == 1
            if ended.code != 0 and not (refused and len(runs) > 1):
                yield f"ends with {ended.code}: {ended.error[-300:]!r}"
        if all(ended.code != 0 for ended in runs):
            yield "no run came to its end"
        found = digests(folder)
        for place in sorted(found.keys() | self._expected.keys()):
            if place not in found:
                yield f"{place} is missing"
            elif place not in self._expected:
                yield f"{place} was left behind"
            elif found[place] != self._expected[place]:
                yield f"{place} is another"
        shutil.rmtree(folder)


def main() -> int:
    """Kill and pair every writer; 1 if one does not come out the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("writers", nargs="*", help=f"of {', '.join(WRITERS)}")
    parser.add_argument("--kills", type=int, default=5, help="of each writer")
    parser.add_argument("--pairs", type=int, default=2, help="of each writer")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, failed = np.random.default_rng(options.seed), 0
    for name in options.writers or WRITERS:
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(name, pathlib.Path(folder), rng)
            killed = [trial.kills(k, 1 + k % 2) for k in range(options.kills)]
            paired = [trial.pair(k) for k in range(options.pairs)]
        wrong = [line for lines in killed + paired for line in lines]
        sys.stdout.write(
            f"{name}: {len(killed)} killed, {len(paired)} pairs, {len(wrong)} wrong\n"
        )
        for line in wrong:
            sys.stdout.write(f"{name}: {line}\n")
        sys.stdout.flush()
        failed += bool(wrong)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
