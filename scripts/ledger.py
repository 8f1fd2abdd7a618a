"""Make, or check, the ledger of small networks with exact numbers."""

import argparse
import csv
import io
import json
import pathlib
import sys
from typing import Any

from experiments.running.arguments import Parser
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "ledger"
MAX_BYTES = 20 << 20
EXAMPLES = """\
examples:
  python scripts/ledger.py --make                       ledger/ledger.json and .csv
  python scripts/ledger.py --make --networks 20 --folder other
  python scripts/ledger.py --check                      all entries, by other means
  python scripts/ledger.py --check --name "007 skip 2-3-1"

An entry holds a network, all its numbers as they are, a box, and what is true there:
numbers of regions by five definitions, pairs of neighbors, Betti numbers of the first
class, of the decision boundary and of the partition, the range of the first output as
fractions, and digests of the network and of the set of patterns. --check finds regions
with another engine, Betti numbers from boundary matrices, and the range from the list
of pieces.
Exit code: 0; 1 if a number is not so; 2 on bad input; 130 on Ctrl-C.
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--make", action="store_true", help="write the ledger anew")
    what.add_argument(
        "--check", action="store_true", help="compare it with new numbers"
    )
    add(
        "--networks", type=int, default=300, metavar="N", help="how many (default: 300)"
    )
    add("--name", metavar="NAME", help="check this entry alone")
    folder_help = "folder of the ledger (default: ledger/)"
    add("--folder", type=pathlib.Path, default=FOLDER, help=folder_help)
    options = parser.parse(arguments)
    if options.networks < 1:
        parser.error(f"--networks is {options.networks}: at least 1 is required")
    return options


def make(options: argparse.Namespace) -> int:
    """Measure all networks and write both files."""
    from experiments.ledger.measure import measure
    from experiments.ledger.networks import entries

    found: list[dict[str, Any]] = []
    with Bars(0.0) as bars, CtrlC() as stop:
        shown = bars.stage("measuring")
        for entry in entries(options.networks):
            if stop():
                print("Interrupted: nothing was written.", file=sys.stderr)
                return 130
            found.append(measure(entry))
            shown(len(found), options.networks)
    write(options.folder, found)
    bad = sum(not entry["certificate"]["verified_exactly"] for entry in found)
    print(f"{len(found)} networks in {options.folder}; {bad} not verified")
    return 1 if bad else 0


def write(folder: pathlib.Path, found: list[dict[str, Any]]) -> None:
    """Both files, whole or not at all."""
    from regions.files.writing import write_text

    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(entry) for entry in found)
    write_text(folder / "ledger.json", f"[\n{lines}\n]\n")
    table = io.StringIO()
    numbers = list(found[0]["numbers"])
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["name", "digest", "lower", "upper", *numbers, "patterns_sha256"])
    for entry in found:
        cells = [_cell(entry["numbers"][name]) for name in numbers]
        ends = [_cell(entry["lower"]), _cell(entry["upper"])]
        last = entry["certificate"]["patterns_sha256"]
        writer.writerow([entry["name"], entry["digest"], *ends, *cells, last])
    write_text(folder / "ledger.csv", table.getvalue())


def _cell(value: Any) -> str:
    """A number, or numbers with spaces between them."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def check(options: argparse.Namespace) -> int:
    """Compare entries with numbers found by other means."""
    from experiments.ledger.measure import differences
    from regions.files.reading import reading

    stored = _read(options.folder / "ledger.json")
    if options.name is not None:
        stored = [entry for entry in stored if entry["name"] == options.name]
        if not stored:
            raise ValueError(
                f"--name is {options.name!r}: no entry is called so; names are in "
                "ledger.csv."
            )
    wrong = 0
    with Bars(0.0) as bars, CtrlC() as stop:
        shown = bars.stage("checking")
        for done, entry in enumerate(stored):
            if stop():
                print(f"Interrupted: {done} entries were checked, {wrong} wrong.")
                return 130
            with reading(options.folder, "a ledger", "make it again"):
                lines = differences(entry)
            for line in lines:
                print(f"{entry['name']}: {line}")
                wrong += 1
            shown(done + 1, len(stored))
    print(f"{len(stored)} entries checked: {wrong} numbers are not so")
    return 1 if wrong else 0


def _read(path: pathlib.Path) -> list[dict[str, Any]]:
    """The entries of a ledger.

    Raises:
        FileFormatError: If it is no JSON.
        ValueError: If it is too large or no ledger.
    """
    from regions.files.reading import reading

    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} has more than {MAX_BYTES:,} bytes: not a ledger.")
    with reading(path, "a ledger", "make it again"):
        found = json.loads(path.read_text(encoding="utf-8"))
    keys = {"name", "digest", "network", "lower", "upper", "numbers", "certificate"}
    if not isinstance(found, list) or not all(
        isinstance(entry, dict) and keys <= entry.keys() for entry in found
    ):
        raise ValueError(f"{path} is no ledger: a list of entries is required.")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    return run_main(lambda: make(options) if options.make else check(options))


if __name__ == "__main__":
    sys.exit(main())
