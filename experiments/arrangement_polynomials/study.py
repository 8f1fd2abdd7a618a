"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
import time
from typing import NamedTuple

import numpy as np

from experiments.arrangement_polynomials.arrangements import FAMILIES
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact
from experiments.running.common import Clock, read_record, write_json
from experiments.running.studies import Summary
from regions.enumeration.restriction.polynomial import (
    CharacteristicPolynomial,
    characteristic_polynomial,
)
from training.progress import Progress

SOURCE = "Brysiewicz, Eble & Kuehne, DCG 2023 (2105.14542)"
ABOUT = About(
    title="Characteristic polynomials of arrangements",
    page="papers",
    source=f"{SOURCE}: chambers and Betti numbers of their examples",
    setup=(
        "Hyperplanes with normals in {0,1}^n (resonance), those of the threshold "
        "functions of n bits, of the corners of the 5-demicube, and hyperplanes "
        "through every d of n random points of R^d (discriminantal-d): characteristic "
        "polynomials by deletion and restriction, in integers; regions are the sums of "
        "the absolute coefficients."
    ),
    differs=(
        "The authors use symmetry groups and count on one machine with Julia; symmetry "
        "is used here for normals in {0,1}^n where the engine does so. Which "
        "points they take for discriminantal arrangements was not read; ours are drawn."
    ),
    expected=(
        "T6 = 15,028,134 and R7 = 347,326,352, with Betti numbers 1, 127, 7035, "
        "215439, 3831835, 37769977, 169824305, 135677633, the polynomial of the "
        "5-demicube, and 600 regions for six points in R^4, all published; the paper's "
        "text was not at hand, its numbers were."
    ),
)
PUBLISHED_BETTI = {
    "resonance 7": (
        (1, 127, 7035, 215439, 3831835, 37769977, 169824305, 135677633),
        SOURCE,
    ),
    "demicube 5": ((1, 16, 120, 500, 1160, 1362, 597), SOURCE),
}
PUBLISHED_REGIONS = {
    "resonance 5": (11_292, "Kamiya, Takemura & Terao 2011"),
    "resonance 6": (1_066_044, "Kamiya, Takemura & Terao 2011"),
    "resonance 7": (347_326_352, SOURCE),
    "threshold 4": (1_882, "OEIS A000609"),
    "threshold 5": (94_572, "OEIS A000609"),
    "threshold 6": (15_028_134, SOURCE),
    "discriminantal-2 6": (85, "closed formula for lines through n points"),
    "discriminantal-4 6": (600, SOURCE),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        cases: Family and size of each arrangement.
    """

    cases: tuple[tuple[str, int], ...] = (
        *(("resonance", n) for n in range(2, 8)),
        *(("threshold", n) for n in range(2, 7)),
        ("demicube", 5),
        *(("discriminantal-2", n) for n in range(3, 9)),
        *(("discriminantal-3", n) for n in range(4, 8)),
        *(("discriminantal-4", n) for n in range(5, 8)),
    )


PRESETS = {
    "smoke": Config(
        cases=(
            ("resonance", 4),
            ("resonance", 5),
            ("threshold", 4),
            ("discriminantal-4", 6),
        )
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        betti: Betti numbers by family and size.
    """

    config: Config
    summary: Summary
    betti: dict[tuple[str, int], tuple[int, ...]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Compute all polynomials; write them to `folder`."""
    found: dict[str, CharacteristicPolynomial] = {}
    seconds: dict[str, float] = {}
    jobs = [(f"{family} {n}", FAMILIES[family](n)) for family, n in config.cases]
    for done, (name, rows) in enumerate(jobs):
        progress(done, len(jobs), name)
        start = time.process_time()
        found[name] = characteristic_polynomial(rows)
        seconds[name] = time.process_time() - start
    clock.lap("polynomials")
    betti = {name: [str(b) for b in chi.betti] for name, chi in found.items()}
    write_json(folder / "betti.json", betti)
    largest = max(found, key=lambda name: found[name].regions)
    return {
        "headline": (
            f"{largest}: {found[largest].regions:,} regions, Betti numbers "
            f"{', '.join(map(str, found[largest].betti))}, in {seconds[largest]:.2g} s"
        ),
        "polynomials": {name: str(chi) for name, chi in found.items()},
        "regions": {name: chi.regions for name, chi in found.items()},
        "cpu_seconds": seconds,
        "claims": _claims(found),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    betti = read_record(folder / "betti.json")
    return Result(
        config,
        summary,
        {
            (family, n): tuple(int(b) for b in betti[f"{family} {n}"])
            for family, n in config.cases
        },
    )


def _claims(found: dict[str, CharacteristicPolynomial]) -> list[Claim]:
    """Published numbers against those found."""
    claims = [
        claim_exact(
            f"{name} has {regions:,} regions",
            source,
            "regions",
            found[name].regions,
            holds=found[name].regions == regions,
        )
        for name, (regions, source) in PUBLISHED_REGIONS.items()
        if name in found
    ]
    claims += [
        claim_exact(
            f"{name} has the published Betti numbers",
            source,
            f"of {len(betti)} numbers, those that differ",
            _differences(betti, found[name].betti),
            holds=betti == found[name].betti,
        )
        for name, (betti, source) in PUBLISHED_BETTI.items()
        if name in found
    ]
    return claims


def _differences(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How many entries differ."""
    if len(one) != len(other):
        return max(len(one), len(other))
    return int((np.array(one, object) != np.array(other, object)).sum())
