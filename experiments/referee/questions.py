"""Questions about the large network: ranges, properties and radii, with their times."""

import functools
import itertools
import pathlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

import regions
from experiments.running.common import read_record, write_json
from regions.certificates.answers import verify_answer
from regions.questions.answer import Answer, ends


class Asked(NamedTuple):
    """A question and what came of it.

    Attributes:
        question: What was asked.
        lower: The proved lower end of what is told: of the largest score, of the margin
            of a property, of a radius.
        upper: The proved upper end.
        proved: Whether it was settled within its limit and tolerance.
        seconds: Wall time.
        answer: In words.
        verified: Whether its certificate was.
    """

    question: str
    lower: float
    upper: float
    proved: bool
    seconds: float
    answer: str
    verified: bool


HALF_WIDTHS = (0.05, 0.1, 0.2)
TOLERANCE = 1e-3


Question = tuple[str, Callable[[], tuple[Answer, tuple]]]
"""What is asked, and how: the answer, and both ends of what is told."""


def ask_all(
    network: regions.ReluNetwork,
    places: int,
    max_seconds: float,
    folder: pathlib.Path,
) -> list[Asked]:
    """All questions at some places, drawn at random with a seed.

    Certificates are written to a folder, and verified. What stands there already is not
    asked again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for k, (question, ask) in enumerate(_questions(network, places, max_seconds)):
        file = folder / f"question-{k}.json"
        if not file.is_file():
            answer, both = ask()
            path = answer.save(folder / f"asked-{k}.json")
            is_proof = verify_answer(path, network=network).ok
            write_json(file, _asked(question, answer, both, is_proof)._asdict())
        rows.append(Asked(**read_record(file)))
    return rows


def _questions(
    network: regions.ReluNetwork, places: int, max_seconds: float
) -> Iterator[Question]:
    """Ranges and properties in boxes around points, then radii of these."""
    rng = np.random.default_rng(1)
    points = rng.uniform(-0.7, 0.7, (places, network.input_dim))

    def largest(box: regions.Box, label: int) -> tuple[Answer, tuple]:
        found = regions.output_range(
            network, box, label, tolerance=TOLERANCE, max_seconds=max_seconds
        )
        return found, ends(found.value[1])

    def one_advisory(box: regions.Box, label: int) -> tuple[Answer, tuple]:
        property = regions.Property.largest(label, network.output_dim)
        held = regions.holds(network, box, property, max_seconds=max_seconds)
        return held, ends(held.stats["margin"])

    def radius(x: np.ndarray) -> tuple[Answer, tuple]:
        found = regions.robust_radius(network, x, max_seconds=max_seconds)
        both = (found.stats["at_least"], found.stats["at_least"])
        return found, both if found.value is None else ends(found.value)

    for (k, x), half in itertools.product(enumerate(points), HALF_WIDTHS):
        box = regions.Box(x - half, x + half)
        label = int(network(x[None])[0].argmax())
        where = f"in +-{half} around point {k}"
        yield f"largest score {where}", functools.partial(largest, box, label)
        yield f"one advisory {where}", functools.partial(one_advisory, box, label)
    for k, x in enumerate(points):
        yield f"radius of point {k}, to 1 %", functools.partial(radius, x)


def _asked(question: str, answer: Answer, both: tuple, verified: bool) -> Asked:
    """A row of the table."""
    words = {True: "holds", False: "violated", None: "open"}
    text = words.get(answer.value, "") if answer.question == "holds" else "an interval"
    lower, upper = (float(v) for v in both)
    seconds = round(answer.seconds, 2)
    return Asked(question, lower, upper, answer.proved, seconds, text, verified)
