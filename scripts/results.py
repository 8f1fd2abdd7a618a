"""Say which published results are older than their code; run and publish them."""

import argparse
import pathlib
import subprocess
import sys

from experiments import NAMES
from experiments.running.arguments import Parser, run_folder
from experiments.running.console import run_main

EXAMPLES = """\
examples:
  python scripts/results.py                      which are older than their code
  python scripts/results.py hopfield             whether this one is
  python scripts/results.py --run                run those anew, cheapest first
  python scripts/results.py --run hopfield pulse these alone, if they are older
  python scripts/results.py --publish hopfield   publish a run that is finished
  python scripts/results.py --pages              the pages anew, from docs/results/

An interrupted --run goes on when the same command is given again: what is published
with the code as it is stays, and an unfinished run of it in runs/ goes on. The pages
are docs/gallery.md, claims.md and papers.md, and the table of studies.md.

exit code: 0 done, 1 a run failed, 2 bad input, 130 interrupted
"""

ROOT = pathlib.Path(__file__).resolve().parents[1]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("names", choices=[*NAMES, []], metavar="NAME", nargs="*", help="which; all")
    action = parser.add_mutually_exclusive_group()
    for name, text in (
        ("run", "run and publish what is older than its code"),
        ("publish", "publish finished runs as they are"),
        ("pages", "write the pages only"),
    ):
        action.add_argument(f"--{name}", action="store_true", help=text)
    add("--docs", type=pathlib.Path, default=ROOT / "docs", help="folder of the pages")
    return parser.parse(arguments)


def execute(options: argparse.Namespace) -> int:
    """List, run, or publish."""
    from experiments.running.publishing import publish, write_pages

    names = options.names or NAMES
    failed = []
    if options.run:
        older = _in_order(options)
        _announce(older, len(names))
        failed = [name for _, name in older if not _run(name, options.docs)]
        if failed:
            print(f"failed: {', '.join(failed)}")
    elif options.publish:
        if not options.names:
            raise ValueError("--publish needs the NAME of a finished study or more.")
        for name in options.names:
            publish(name, run_folder(name, "paper"), options.docs)
            files = options.docs / "results" / f"{name}.*"
            print(f"published: {files} and the pages; look at them, and commit both")
    elif not options.pages:
        return _list(names, options.docs)
    write_pages(options.docs)
    return 1 if failed else 0


def _list(names: tuple[str, ...] | list[str], docs: pathlib.Path) -> int:
    """One line a study: of which day it is, and what has changed since."""
    for name in names:
        record, changed = _state(name, docs)
        day = record.get("date", "not recorded" if record else "never published")
        words = f"older than {', '.join(changed)}" if changed else "of this code"
        print(f"{name:28} {day:24} {words}")
    return 0


def _in_order(options: argparse.Namespace) -> list[tuple[float, str]]:
    """CPU time, 0 where not known, and name of what is older than its code."""
    found = []
    for name in options.names or NAMES:
        record, changed = _state(name, options.docs)
        if changed:
            found.append((record.get("cpu_seconds") or 0.0, name))
    return sorted(found)


def _announce(older: list[tuple[float, str]], total: int) -> None:
    """Say what will be run, and how long it took before."""
    if not older:
        print(f"all of {total} results are of this code")
        return
    names = ", ".join(name for _, name in older)
    minutes = sum(seconds for seconds, _ in older) / 60.0
    unknown = sum(not seconds for seconds, _ in older)
    print(f"{len(older)} of {total} results are older than their code: {names}")
    rest = f", and {unknown} of which it is not known" if unknown else ""
    print(f"about {minutes:.0f} min of CPU time{rest}", flush=True)


def _state(name: str, docs: pathlib.Path) -> tuple[dict, list[str]]:
    """The record of a study, empty if there is none, and what changed since."""
    from experiments.running.common import read_record
    from experiments.running.freshness import changed_parts

    file = docs / "results" / f"{name}.json"
    record = read_record(file) if file.is_file() else {}
    return record, changed_parts(name, record.get("code", {}))


def _run(name: str, docs: pathlib.Path) -> bool:
    """Run one study in a process of its own, whose time is the run's, and publish."""
    from experiments.running.common import read_record
    from experiments.running.freshness import changed_parts
    from experiments.running.publishing import publish

    began = run_folder(name, "paper") / "config.json"
    kept = read_record(began).get("code", {}) if began.is_file() else None
    command = [sys.executable, str(ROOT / "scripts" / "run_experiment.py"), name]
    # What other code began is begun anew.
    force = ["--force"] if kept is not None and changed_parts(name, kept) else []
    print(f"== {name}", flush=True)
    if subprocess.run([*command, "paper", *force], check=False).returncode:
        return False
    publish(name, run_folder(name, "paper"), docs)
    return True


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 a run failed, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    return run_main(lambda: execute(options))


if __name__ == "__main__":
    sys.exit(main())
