"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

import regions
from experiments.referee.acas import trained
from experiments.referee.cases import KINDS, case_of
from experiments.referee.claims import referee_claims
from experiments.referee.questions import Asked, ask_all
from experiments.referee.verifiers import VERIFIERS, FloatVerifiers
from experiments.running.about import About
from experiments.running.common import Clock, read_record, write_json
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.certificates.answers import verify_answer
from regions.files.writing import read_arrays
from regions.questions.properties import Property, Row
from training.progress import Progress

ABOUT = About(
    title="The referee: verifiers in floating point, and exact answers",
    page="claims",
    source=(
        "after K. Jia & M. Rinard, SAS 2021 (2003.03021), and D. Zombori et al., ICLR "
        "2021, on tolerances; sizes of G. Katz et al., CAV 2017 (1702.01135)"
    ),
    setup=(
        "Does an output stay at most its exact maximum plus a margin? Networks of 1 to "
        "10 hidden units, among them ones with units scaled by 2^20 (the same "
        "function), one unit whose input is fixed to 2^-30, and the difference of two "
        "networks whose weights are 1e-12 apart. A mixed-integer program (optimum, and "
        "a point beyond the bound), a linear program for each pattern, all by HiGHS as "
        "it comes, and float32 are held against the answer of regions.holds, which is "
        "saved and verified. Then ranges, properties and radii of a network 5-[50]*6-5 "
        "that is trained on a smooth table, with certificates likewise."
    ),
    differs=(
        "The networks of the reports are built anew in their kind, not downloaded; nor "
        "is ACAS Xu, and no verifier of theirs is run: HiGHS with its own tolerances "
        "and float32 stand for them. Most margins lie below those tolerances by "
        "choice: numbers of wrong verdicts say that they occur, not how often in "
        "practice. That the exact answers are right is no count: it is asserted "
        "against the maximum from the list of all regions."
    ),
    expected=(
        "Wrong verdicts where the margin is below the tolerance of 1e-6, and of the "
        "scaled networks far above it; none of the exact ones."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        kinds: Kinds of small networks.
        seeds: Networks of each.
        margins: Sizes of margins, each asked above and below the maximum.
        widths: Hidden layers of the large network.
        points: Points that it is trained on.
        epochs: Passes over them.
        asked: Places at which each question about it is asked.
        max_seconds: Limit of each question.
    """

    kinds: tuple[str, ...] = KINDS
    seeds: tuple[int, ...] = tuple(range(6))
    margins: tuple[float, ...] = (1e-3, 1e-5, 1e-7, 1e-9, 1e-13)
    widths: tuple[int, ...] = (50,) * 6
    points: int = 20_000
    epochs: int = 60
    asked: int = 2
    max_seconds: float = 300.0


PRESETS = {
    "smoke": Config(
        kinds=(KINDS[0], KINDS[3], KINDS[4]),
        seeds=(0,),
        margins=(1e-3, 1e-13),
        widths=(6, 6),
        points=500,
        epochs=2,
        asked=1,
        max_seconds=5.0,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        trials: By kind, arrays over seeds and margins: `right`, what holds; `said`,
            what each verifier says; `verified`, whether our certificate was.
        asked: Questions about the large network.
    """

    config: Config
    summary: Summary
    trials: dict[str, dict[str, np.ndarray]]
    asked: list[Asked]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Ask everybody; write it all to `folder`."""
    for k, kind in enumerate(config.kinds):
        progress(k, len(config.kinds) + 1, kind)
        stored(
            folder / f"trials-{KINDS.index(kind)}.npz",
            functools.partial(_trials, config, kind, folder / "certificates"),
        )
    clock.lap("small networks")
    progress(len(config.kinds), len(config.kinds) + 1, "the large network")
    file = folder / "asked.json"
    if not file.is_file():
        network, accuracy = trained(
            config.widths, config.points, config.epochs, folder / "training"
        )
        regions.save_network(folder / "network.npz", network)
        clock.lap("training")
        asked = ask_all(
            network, config.asked, config.max_seconds, folder / "certificates"
        )
        write_json(
            file, {"accuracy": accuracy, "asked": [row._asdict() for row in asked]}
        )
    clock.lap("questions")
    result = read(config, folder, {})
    accuracy = read_record(file)["accuracy"]
    longest = max(row.seconds for row in result.asked)
    settled = sum(row.proved for row in result.asked)
    wrong = {name: int(v.sum()) for name, v in wrong_verdicts(result).items()}
    total = sum(t["right"].size for t in result.trials.values())
    verified = sum(int(t["verified"].sum()) for t in result.trials.values())
    return {
        "headline": (
            f"wrong verdicts of {total}: "
            + ", ".join(f"{name} {count}" for name, count in wrong.items())
            + f"; {verified} of {total} exact answers have a certificate that is "
            f"verified. 5-{list(config.widths)}-5: {settled} of {len(result.asked)} "
            f"questions settled, the longest in {longest:.0f} s, and "
            f"{sum(row.verified for row in result.asked)} certificates verified"
        ),
        "accuracy": accuracy,
        "table": [_row(kind, trials) for kind, trials in result.trials.items()],
        "questions": [row._asdict() for row in result.asked],
        "claims": referee_claims(result.trials, result.asked),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """The stored numbers."""
    trials = {
        kind: read_arrays(folder / f"trials-{KINDS.index(kind)}.npz")
        for kind in config.kinds
    }
    asked = [Asked(**row) for row in read_record(folder / "asked.json")["asked"]]
    return Result(config, summary, trials, asked)


def wrong_verdicts(result: Result) -> dict[str, np.ndarray]:
    """By verifier, over kinds, seeds and margins, whether it is wrong."""
    parts = [t["said"] != t["right"][..., None] for t in result.trials.values()]
    every = np.stack(parts)
    return {name: every[..., k] for k, name in enumerate(VERIFIERS)}


def signed_margins(config: Config) -> list[float]:
    """Margins from far below the maximum to far above it."""
    sizes = sorted(config.margins)
    return [-m for m in reversed(sizes)] + sizes


def _trials(
    config: Config, kind: str, certificates: pathlib.Path
) -> dict[str, np.ndarray]:
    """All margins of all networks of a kind."""
    certificates.mkdir(parents=True, exist_ok=True)
    right, said, verified = [], [], []
    for seed in config.seeds:
        network, domain, output = case = case_of(kind, seed)
        found = regions.output_range(network, domain, output, method="list")
        most, best = found.value[1], found.witness[1]
        verifiers = FloatVerifiers(case, np.array([float(v) for v in best]))
        row, words, proofs = [], [], []
        for place, margin in enumerate(signed_margins(config)):
            # The bound is a float64 number, so that everybody is asked the same.
            bound = float(most + Fraction(margin))
            answer = regions.holds(network, domain, at_most(network, output, bound))
            assert answer.value is (most <= Fraction(bound))
            name = f"{KINDS.index(kind)}-{seed}-{place}.json"
            report = verify_answer(answer.save(certificates / name), network=network)
            row.append(answer.value)
            words.append(verifiers.hold(bound))
            proofs.append(report.ok)
        right.append(row)
        said.append(words)
        verified.append(proofs)
    return {
        "right": np.array(right),
        "said": np.array(said),
        "verified": np.array(verified),
    }


def at_most(network: regions.ReluNetwork, output: int, bound: float) -> Property:
    """An output is at most a number."""
    weights = [Fraction(-int(k == output)) for k in range(network.output_dim)]
    return Property(((Row((), tuple(weights), -Fraction(bound)),),), strict=True)


def _row(kind: str, trials: dict[str, np.ndarray]) -> dict[str, Any]:
    """One kind of network: wrong verdicts of each verifier."""
    wrong = trials["said"] != trials["right"][..., None]
    counts = {name: int(wrong[..., k].sum()) for k, name in enumerate(VERIFIERS)}
    return {"networks": kind, "asked": int(trials["right"].size), **counts}
