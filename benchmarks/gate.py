"""Fails if a row of the benchmarks has become slower than what is kept of it.

Run: python -m benchmarks.gate                            compare all rows
     python -m benchmarks.gate --only engines             those of .ci/run, in seconds
     python -m benchmarks.gate --keep "why" --only tree   measure, and keep it

What is compared is a row's time over its floor, both measured in one process, so that
load matters little, and the machine less than otherwise: where processors differ, what
is kept lies between them. `ratios.json` keeps that ratio for each row, with the reason
for which it was last changed. A row that is more than `WORSE` times
slower is measured again, and fails if it is so each time. Whoever makes a row slower on
purpose keeps its new ratio, and says why.
"""

import argparse
import functools
import json
import multiprocessing
import os
import pathlib
import statistics
import sys
from collections.abc import Callable, Iterable

from regions.files.writing import write_text

RATIOS = pathlib.Path(__file__).with_name("ratios.json")
WORSE = 1.5
"""A row may take so many times what is kept."""
TRIES = 3
"""Measurements of a row before it fails."""

Kept = dict[str, dict[str, float | str]]
Measure = Callable[[], tuple[str, float]]
"""Measures a row: its name, and its time over its floor."""


def judge(measure: Measure, kept: Kept) -> tuple[str, float, str | None]:
    """Name and ratio of a row, and what is wrong with it, if anything is.

    Args:
        measure: Called up to `TRIES` times, while the row is too slow.
        kept: Ratio and reason of each row.
    """
    name, ratio = measure()
    entry = kept.get(name)
    if entry is None:
        return name, ratio, f"{name} is not in {RATIOS.name}: keep it with --keep."
    limit = WORSE * float(entry["ratio"])
    for _ in range(TRIES - 1):
        if ratio <= limit:
            break
        ratio = min(ratio, measure()[1])
    if ratio <= limit:
        return name, ratio, None
    return (
        name,
        ratio,
        f"{name} takes {ratio:.3g} times its floor, {entry['ratio']} is kept, and at "
        f"most {limit:.3g} is allowed: make it faster, or keep it with the reason.",
    )


def middle(measure: Measure) -> tuple[str, float, None]:
    """Name and median ratio of a row, of `TRIES` measurements.

    The least may be that of a floor which other work on the machine slowed down.
    """
    found = [measure() for _ in range(TRIES)]
    return found[0][0], statistics.median(ratio for _, ratio in found), None


def faults_of(kept: Kept, names: Iterable[str] | None = None) -> list[str]:
    """What is wrong with what is kept: no reason, or a row that there is no more."""
    found = [
        f"{name} is kept without a reason: say why."
        for name, entry in kept.items()
        if not str(entry.get("reason", "")).strip()
    ]
    if names is not None:
        found += [
            f"{name} is kept and measured no more: remove it from {RATIOS.name}."
            for name in sorted(set(kept) - set(names))
        ]
    return found


def rows_of(part: str) -> int:
    """How many rows a part of the benchmarks has."""
    from benchmarks.bench import PARTS

    return len(PARTS[part])


def measure_row(part: str, number: int) -> tuple[str, float]:
    """One row of the benchmarks."""
    from benchmarks.bench import PARTS

    row = PARTS[part][number]()
    return f"{part}: {row.case}", row.seconds / row.floor


def compare(parts: Iterable[str], kept: Kept) -> tuple[dict[str, float], list[str]]:
    """Ratios of all rows of some parts, and what is wrong; prints as it goes.

    Where nothing is kept, nothing is wrong, and ratios are the median of several.
    """
    ratios: dict[str, float] = {}
    wrong: list[str] = []
    context = multiprocessing.get_context("spawn")
    for part in parts:
        # One process a part: compiled code is loaded once.
        with context.Pool(1) as pool:
            for number in range(pool.apply(rows_of, (part,))):
                measure = functools.partial(pool.apply, measure_row, (part, number))
                name, ratio, fault = judge(measure, kept) if kept else middle(measure)
                ratios[name] = ratio
                was = kept.get(name, {}).get("ratio", "nothing")
                print(f"{name}: {ratio:.3g} times its floor; {was} is kept", flush=True)
                wrong += [fault] if fault else []
    return ratios, wrong


def main() -> int:
    """Exit code: 0 as fast as kept, 1 slower, 2 bad input."""
    from benchmarks.bench import PARTS

    parser = argparse.ArgumentParser(description="Compare the benchmarks with a file.")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="some parts")
    parser.add_argument("--keep", metavar="REASON", help="keep what is measured, as")
    options = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("RELU_REGIONS_COMPILED", "on")
    if options.keep is not None and not options.keep.strip():
        parser.error("--keep is empty: give the reason")
    kept: Kept = json.loads(RATIOS.read_text("utf-8")) if RATIOS.is_file() else {}
    ratios, wrong = compare(options.only or PARTS, {} if options.keep else kept)
    if options.keep is not None:
        for name, ratio in ratios.items():
            kept[name] = {"ratio": float(f"{ratio:.3g}"), "reason": options.keep}
        write_text(RATIOS, json.dumps(dict(sorted(kept.items())), indent=2) + "\n")
        return 0
    wrong += faults_of(kept, None if options.only else ratios)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
