"""Questions about the large network: ranges, properties and radii, with their times."""

import itertools
import pathlib
from typing import NamedTuple

import numpy as np

import regions
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


def ask_all(
    network: regions.ReluNetwork,
    places: int,
    max_seconds: float,
    folder: pathlib.Path,
) -> list[Asked]:
    """All questions at some places, drawn at random with a seed.

    Certificates are written to a folder, and verified.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def asked(question: str, answer: Answer, both: tuple) -> Asked:
        path = answer.save(folder / f"asked-{len(rows)}.json")
        is_proof = verify_answer(path, network=network).ok
        return _asked(question, answer, both, is_proof)

    rng = np.random.default_rng(1)
    points = rng.uniform(-0.7, 0.7, (places, network.input_dim))
    rows: list[Asked] = []
    for (k, x), half in itertools.product(enumerate(points), HALF_WIDTHS):
        box = regions.Box(x - half, x + half)
        label = int(network(x[None])[0].argmax())
        found = regions.output_range(
            network, box, label, tolerance=TOLERANCE, max_seconds=max_seconds
        )
        name = f"largest score in +-{half} around point {k}"
        rows.append(asked(name, found, ends(found.value[1])))
        property = regions.Property.largest(label, network.output_dim)
        held = regions.holds(network, box, property, max_seconds=max_seconds)
        name = f"one advisory in +-{half} around point {k}"
        rows.append(asked(name, held, ends(held.stats["margin"])))
    for k, x in enumerate(points):
        found = regions.robust_radius(network, x, max_seconds=max_seconds)
        both = (found.stats["at_least"], found.stats["at_least"])
        both = both if found.value is None else ends(found.value)
        rows.append(asked(f"radius of point {k}, to 1 %", found, both))
    return rows


def _asked(question: str, answer: Answer, both: tuple, verified: bool) -> Asked:
    """A row of the table."""
    words = {True: "holds", False: "violated", None: "open"}
    text = words.get(answer.value, "") if answer.question == "holds" else "an interval"
    lower, upper = (float(v) for v in both)
    seconds = round(answer.seconds, 2)
    return Asked(question, lower, upper, answer.proved, seconds, text, verified)
