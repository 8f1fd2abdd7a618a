"""Ask a network: range, property, Lipschitz constant, radius, preimage ...; proved."""

import argparse
import pathlib
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from experiments.running.arguments import (
    NETWORK,
    NORMS,
    Parser,
    domain_of,
    is_domain_given,
    output_file,
    output_of,
    point,
    read_networks,
    read_polytope,
    seconds,
)
from experiments.running.command_names import as_called
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC

if TYPE_CHECKING:
    from regions.questions.answer import Answer

EXAMPLES = """\
examples:
  python scripts/ask.py net.onnx range --box -1 1 --output 0
  python scripts/ask.py net.onnx range --box -1 1 --tolerance 1e-6 --max-seconds 60
  python scripts/ask.py net.onnx range --box -1 1 --out answer.json
  python scripts/ask.py net.onnx property spec.vnnlib
  python scripts/ask.py net.onnx lipschitz --box -1 1 --norm inf
  python scripts/ask.py net.onnx lipschitz --ball x.npy:7 --radius 0.1 --norm inf \\
      --ball-norm 2
  python scripts/ask.py net.onnx radius --at x.npy:7
  python scripts/ask.py net.onnx difference other.onnx --box -1 1
  python scripts/ask.py net.onnx equal other.onnx --box -1 1
  python scripts/ask.py net.onnx integral --box -1 1 --output 0
  python scripts/ask.py net.onnx moments --box -1 1 --output 0
  python scripts/ask.py net.onnx means --box -1 1
  python scripts/ask.py net.onnx preimage outputs.json --box -1 1 --out answer.json

A range, a difference and a radius stand between two ends, both of which are proved; the
search stops at --tolerance, --max-seconds or Ctrl-C, and the ends known so far are
right. A property file says what must not happen, on a box that it brings with it.
Moments are the means of an output and of its square, means those of the inputs of each
class. Integrals, moments and means that were stopped have ends, too, from what was met.
Exit code: 0 answered, or the property holds, or the networks are equal; 1 violated, or
different; 2 bad input; 3 not settled within its limits; 130 on Ctrl-C, with the ends.
"""

QUESTIONS = (
    "range",
    "property",
    "lipschitz",
    "radius",
    "difference",
    "equal",
    "integral",
    "moments",
    "means",
    "preimage",
)
WITH_FILE = {
    "property": "a VNN-LIB file",
    "difference": "a network",
    "equal": "a network",
    "preimage": "a polytope of outputs (.json, .npz)",
}
OF_TWO = ("difference", "equal")
FILE = "a property, another network, or a polytope of outputs"
WITHOUT_DOMAIN = ("property", "radius")
WITH_TOLERANCE = ("range", "difference", "radius")
WITH_OUTPUT = ("range", "integral", "moments")
BAR_AFTER_SECONDS, BETWEEN = 2.0, 0.2
"""When a bar is drawn, and how often it moves."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    add("question", choices=QUESTIONS, metavar="QUESTION", help="one of: %(choices)s")
    add("file", type=pathlib.Path, nargs="?", help=FILE)
    # Before the domain, whose ball has a norm, too: lipschitz takes the same.
    add("--norm", choices=NORMS, help="of lipschitz, a ball (default: 2), radius (inf)")
    parser.add_domain(required=False)
    add("--ball-norm", choices=NORMS, help="of the ball, if not that of --norm")
    add(
        "--output",
        type=int,
        metavar="K",
        help=f"which output ({', '.join(WITH_OUTPUT)})",
    )
    add("--at", type=point, metavar="POINT", help="the input (radius): as for --ball")
    add("--tolerance", type=float, metavar="T", help="how far ends may stay apart")
    text = "for verify: a .json file"
    add("--out", "--save", dest="save", type=answer_file, metavar="FILE", help=text)
    add("--max-seconds", type=seconds, metavar="S", help="stop after this time")
    parser.add_state_dicts()
    options = parser.parse(arguments)
    check(parser, options)
    return options


def answer_file(text: str) -> pathlib.Path:
    """A file for an answer."""
    return output_file(text, (".json",))


def check(parser: Parser, options: argparse.Namespace) -> None:
    """Exit unless the question has what it needs, and nothing else."""
    question = options.question
    wanted = WITH_FILE.get(question)
    if (options.file is None) != (wanted is None):
        said = "none" if options.file is None else "one"
        parser.error(
            f"{question} needs {wanted or 'no file'} after it, and {said} is given"
        )
    if options.ball_norm is not None and options.ball is None:
        parser.error("--ball-norm needs --ball POINT")
    given = is_domain_given(options)
    if given == (question in WITHOUT_DOMAIN):
        need = "takes no domain" if given else "needs a domain, such as --box -1 1"
        parser.error(f"{question} {need}")
    if (options.at is None) != (question != "radius"):
        need = "needs --at POINT" if question == "radius" else "takes no --at"
        parser.error(f"{question} {need}")
    for name, questions in (
        ("output", WITH_OUTPUT),
        ("norm", ("lipschitz", "radius")),
        ("tolerance", WITH_TOLERANCE),
    ):
        of_ball = name == "norm" and options.ball is not None
        if of_ball or getattr(options, name) is None:
            continue
        if question not in questions:
            parser.error(f"{question} takes no --{name}: {' and '.join(questions)} do")


def ask(options: argparse.Namespace, stop: Callable[[], bool]) -> "Answer":
    """Read what the question is about, and answer it."""
    import regions
    from regions.questions.vnnlib import read_vnnlib

    question, limits = options.question, limits_of(options)
    paths = [options.network, *([options.file] if question in OF_TWO else ())]
    network, *others = read_networks(paths, options)
    limits["stop"] = stop
    if question == "property":
        domain, wanted = read_vnnlib(options.file)
        return regions.holds(network, domain, wanted, **limits)
    if question == "radius":
        norm = NORMS[options.norm or "inf"]
        return regions.robust_radius(network, options.at, norm, **limits)
    domain: Any = domain_of(options, network.input_dim)
    if question == "range":
        output = output_of(options.output, network.output_dim, question)
        return regions.output_range(network, domain, output, **limits)
    if question == "integral":
        output = output_of(options.output, network.output_dim, question)
        return regions.integral(network, domain, output, **limits)
    if question == "moments":
        output = output_of(options.output, network.output_dim, question)
        return regions.moments(network, domain, direction=output, **limits)
    if question == "means":
        return regions.mean_by_class(network, domain, **limits)
    if question == "lipschitz":
        norm = NORMS[options.norm or "2"]
        return regions.lipschitz(network, domain, norm, **limits)
    if question == "preimage":
        outputs = read_polytope(options.file)
        return regions.preimage(network, domain, outputs, **limits)
    (other,) = others
    if question == "equal":
        return regions.are_equal(network, other, domain, **limits)
    return regions.largest_difference(network, other, domain, **limits)


def limits_of(options: argparse.Namespace) -> dict[str, Any]:
    """The limits that were given."""
    named = {"tolerance": options.tolerance, "max_seconds": options.max_seconds}
    return {name: value for name, value in named.items() if value is not None}


def report(answer: "Answer") -> None:
    """Print the answer, and what stands behind it."""
    rows = answer_rows(answer)
    if answer.witness is not None:
        several = isinstance(answer.witness[0], tuple)
        points = answer.witness if several else (answer.witness,)
        rows["attained at"] = "; ".join(point_text(point) for point in points)
    rows["settled"] = "yes, proved" if answer.proved else "NO: what is said is proved"
    rows["method"] = answer.method
    rows["seconds"] = f"{answer.seconds:.3f}"
    for name, value in answer.stats.items():
        rows[name.replace("_", " ")] = answer_text(value)
    width = max(map(len, rows))
    for name, value in rows.items():
        print(f"{name:<{width}}  {value}")


def answer_rows(answer: "Answer") -> dict[str, str]:
    """What the answer is, by its names."""
    if answer.question == "moments":
        names = ("mean", "mean square")
        return {
            name: answer_text(v) for name, v in zip(names, answer.value, strict=True)
        }
    if answer.question == "robust_radius" and answer.value is None:
        is_none = "there is no input of another class, proved"
        found = "no input of another class was found"
        return {"answer": is_none if answer.proved else found}
    if answer.question == "output_range":
        low, high = answer.value
        return {"smallest": answer_text(low), "largest": answer_text(high)}
    if answer.question == "mean_by_class":
        return dict(str(part).split(": ", 1) for part in answer.value)
    return {"answer": answer_text(answer.value)}


def answer_text(value: Any) -> str:
    """A value in words: an exact number in decimals, and as a fraction if short."""
    from regions.questions.answer import Interval, decimals

    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        exact = (
            f"exactly {value}" if bits < 160 else f"exact, a fraction of {bits} bits"
        )
        return f"{decimals(value)} ({exact})"
    if isinstance(value, Interval):
        return str(value)
    return str(value)


def point_text(point: tuple[Fraction, ...]) -> str:
    """A point in decimals; of many coordinates the first ones."""
    shown = ", ".join(f"{float(v):.9g}" for v in point[:6])
    return f"{shown}, ... ({len(point)} numbers)" if len(point) > 6 else shown


class Shown:
    """Asked whether to stop, it moves a bar, which tells the seconds of the limit."""

    def __init__(
        self, stop: Callable[[], bool], bars: Bars, options: argparse.Namespace
    ):
        self._stop, self._bars = stop, bars
        self._message = f"{options.question}, seconds"
        self._limit = int(options.max_seconds or 0)
        self._begin = self._moved = time.perf_counter()

    def __call__(self) -> bool:
        """Whether to stop."""
        now = time.perf_counter()
        if now > self._moved + BETWEEN:
            self._moved = now
            self._bars(int(now - self._begin), self._limit, self._message)
        return self._stop()


def execute(options: argparse.Namespace) -> int:
    """Ask and print; the exit code tells the answer."""
    from regions.errors import LimitError

    with Bars(BAR_AFTER_SECONDS) as bars, CtrlC() as stop:
        try:
            answer = ask(options, Shown(stop, bars, options))
        except LimitError as error:
            # Nothing in part is known.
            if not stop():
                raise
            raise KeyboardInterrupt from error
    report(answer)
    if options.save is not None and answer.evidence is None and not answer.proved:
        sys.stderr.write(
            "notice: nothing that proves it is kept; no file is written.\n"
        )
    elif options.save is not None:
        answer.save(options.save)
        verify = as_called(f"python scripts/verify.py {options.save}")
        print(f"saved to {options.save}: {verify}")
    if answer.value is False:
        return 1
    if stop() and not answer.proved:
        return 130
    return 0 if answer.proved else 3


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted before anything was proved."
    return run_main(lambda: execute(options), interrupted=message, undecided=3)
