"""What the study runs, measures and keeps."""

import itertools
import math
import pathlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

import regions
from experiments.running.about import About
from experiments.running.claims import Claim, claim_normal
from experiments.running.common import AGAIN, Clock, read_json, write_json
from experiments.running.studies import Summary
from experiments.scaling_study.networks import domain_of, networks_of, points_of
from experiments.scaling_study.scaling_fits import Fit, fit_law
from experiments.scaling_study.settings import NO_FIT, Config, Family, Setting
from experiments.scaling_study.tables import family_counts, table_of_means
from experiments.scaling_study.together import groups_of
from regions.bounds import (
    montufar_2014_upper_bound,
    serra_2018_upper_bound,
    zaslavsky_count,
)
from regions.domains.shapes import BoundedDomain
from regions.files.reading import reading
from regions.files.writing import open_atomically
from regions.network import ReluNetwork
from training.progress import Progress

AHEAD = 2
"""Groups of settings whose networks are trained while others are counted."""
MESSAGE = "counting networks"

ABOUT = About(
    title="How region counts scale with width, depth and dimension",
    page="papers",
    source="B. Hanin, D. Rolnick, ICML 2019 and NeurIPS 2019",
    setup="1,040 networks of 13 architectures, counted exactly at initialization and "
    "after 200 epochs on a smooth function, `scripts/study.toml`; mean counts are "
    "fitted to powers and to those of arrangements of hyperplanes.",
    expected="At most about N^d / d! regions of N units in d dimensions, whatever the "
    "depth, at initialization and after training; one layer has N^d / d! of them.",
)


def _shipped(seeds: int, epochs: int, few: bool) -> Config:
    """The shipped study, or a small one of the same families."""
    plane = Setting(dim=2, epochs=epochs)
    width, depth, dim = ((8, 16, 32, 64, 128), (1, 2, 3, 4, 5), (1, 2, 3, 4, 5))
    cut = 2 if few else 5
    return Config(
        families=(
            Family(varies="width", values=width[:cut], fixed=plane),
            Family(varies="depth", values=depth[:cut], fixed=plane),
            Family(varies="dim", values=dim[:cut], fixed=plane),
        ),
        seeds=seeds,
        bootstrap=50 if few else 1000,
    )


PRESETS = {"smoke": _shipped(3, 2, True), "paper": _shipped(80, 200, False)}


class Result(NamedTuple):
    """What the figure needs of a finished study.

    Attributes:
        config: The study.
        table: One row per network and stage.
        summary: As in `summary.json`.
    """

    config: Config
    table: list[dict[str, Any]]
    summary: Summary


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, count and fit; a setting that is finished is not repeated."""
    settings, groups = config.settings(), groups_of(config)
    each = config.seeds * len(config.stages)
    left = {s for s in settings if not _file_of(s, folder).is_file()}
    done, total = each * (len(settings) - len(left)), each * len(settings)
    # Groups are trained whole: what a study finds does not depend on where it stopped.
    begun = [group for group in groups if not left.isdisjoint(group)]
    for setting, networks in _trained_ahead(begun, config):
        if setting not in left:
            continue

        def tell(counted: int, _: int, before: int = done) -> None:
            progress(before + counted, total, MESSAGE)

        rows = study_setting(setting, config, networks, tell)
        write_json(_file_of(setting, folder), rows)
        done += each
    progress(total, total, MESSAGE)
    with reading(folder, "a study that is being made", AGAIN):
        rows = _rows(config, folder)
        table, summary = pa.Table.from_pylist(rows), summarize(config, rows)
        means = pa.Table.from_pylist(table_of_means(config, rows, summary["fits"]))
    with open_atomically(folder / "networks.parquet") as file:
        pyarrow.parquet.write_table(table, file)
    for name, own in (("networks", table), ("means", means)):
        with open_atomically(folder / f"{name}.csv") as file:
            pyarrow.csv.write_csv(own, file)
    clock.lap("this run")
    return summary


def _file_of(setting: Setting, folder: pathlib.Path) -> pathlib.Path:
    """Where the rows of a setting are kept."""
    return folder / f"networks-{setting.key}.json"


def _rows(config: Config, folder: pathlib.Path) -> list[dict[str, Any]]:
    """The rows of all settings."""
    return [
        row | {"families": _families_of(setting, config)}
        for setting in config.settings()
        for row in read_json(_file_of(setting, folder))
    ]


def _trained_ahead(
    groups: list[list[Setting]], config: Config
) -> Iterator[tuple[Setting, dict[str, list[ReluNetwork]]]]:
    """Each setting and its networks, trained while those before are counted."""
    pool = ThreadPoolExecutor(AHEAD)
    waiting: list[Future] = []
    try:
        for k, group in enumerate(groups):
            for other in groups[k + len(waiting) : k + AHEAD + 1]:
                waiting.append(pool.submit(networks_of, other, config))
            yield from zip(group, waiting.pop(0).result(), strict=True)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished study, from the files in its folder."""
    table = pyarrow.parquet.read_table(folder / "networks.parquet").to_pylist()
    return Result(config, table, summary)


def study_setting(
    setting: Setting,
    config: Config,
    networks: dict[str, list[ReluNetwork]],
    tell: Callable[[int, int], None],
) -> list[dict[str, Any]]:
    """One row per network and stage of one setting."""
    domain = domain_of(setting, points_of(setting, config))
    everything = [network for part in networks.values() for network in part]
    units, dim = sum(setting.hidden), domain.dim
    shared = {
        "setting": setting.key,
        "dim": setting.dim,
        "hidden": "x".join(map(str, setting.hidden)),
        "activation": setting.activation,
        "slope": setting.slope,
        "initializer": setting.initializer,
        "init_scale": setting.init_scale,
        "epochs": setting.epochs,
        "domain": setting.domain,
        "half_width": setting.half_width,
        "units": units,
        "general_position": float(zaslavsky_count(units, dim)),
        "leading_term": units**dim / math.factorial(dim),
        "upper_bound": _upper_bound(setting, dim),
    }
    names = itertools.product(networks, range(config.seeds))
    return [
        shared | {"seed": seed, "stage": stage} | answer
        for (stage, seed), answer in zip(
            names, _answers(everything, domain, config, tell), strict=True
        )
    ]


def _families_of(setting: Setting, config: Config) -> str:
    """The numbers of the families that a setting belongs to, as in `summary.json`."""
    return " ".join(
        str(index)
        for index, family in enumerate(config.families)
        if setting in family.settings()
    )


def _upper_bound(setting: Setting, dim: int) -> float:
    """A bound of the number of regions."""
    if setting.activation == "relu":
        return float(serra_2018_upper_bound(dim, list(setting.hidden)))
    return float(montufar_2014_upper_bound(dim, list(setting.hidden)))


def _answers(
    networks: list[ReluNetwork],
    domain: BoundedDomain,
    config: Config,
    tell: Callable[[int, int], None],
) -> list[dict[str, Any]]:
    """Numbers of regions, and how they were found."""
    if config.method == "auto":
        counts = regions.count_many(networks, domain, progress=tell)
        return [_of_count(count) for count in counts]
    answers = []
    for done, network in enumerate(networks):
        tell(done, len(networks))
        answers.append(_answer(network, domain, config, seed=done))
    return answers


def _answer(
    network: ReluNetwork, domain: BoundedDomain, config: Config, seed: int
) -> dict[str, Any]:
    """The number of regions of one network, by the method that is asked for."""
    if config.method == "estimate":
        found = regions.estimate_regions(
            network, domain, cells=config.cells, runs=config.runs, seed=seed
        )
        answer = {"method": "estimate", "seconds": found.seconds}
        return answer | {"regions": found.mean, "error": found.relative_error}
    return _of_count(regions.count_regions(network, domain, method=config.method))


def _of_count(count: regions.RegionCount) -> dict[str, Any]:
    """The entries of a count."""
    count.require_complete()
    answer = {"method": count.method, "seconds": count.seconds}
    return answer | {"regions": float(count.count), "error": 0.0}


def summarize(config: Config, rows: list[dict[str, Any]]) -> Summary:
    """Mean counts and fitted parameters of every family and stage."""
    fits = []
    for index, stage in itertools.product(range(len(config.families)), config.stages):
        family = config.families[index]
        counts = family_counts(family, rows, stage)
        entry: dict[str, Any] = {
            "family": index,
            "stage": stage,
            "means": counts.mean(1).tolist(),
        }
        if family.law != NO_FIT:
            fit = fit_law(family.law, family.numbers, counts, config.bootstrap)
            entry["fit"] = fit._asdict()
        fits.append(entry)
    shares = {
        name: max(row["regions"] / row[name] for row in rows)
        for name in ("leading_term", "upper_bound")
    }
    total = sum(row["regions"] for row in rows)
    exact = "" if config.method == "estimate" else ", counted exactly"
    return {
        "headline": f"{len(rows):,} networks with {total:,.0f} regions{exact}; "
        + "; ".join(_in_short(config, entry) for entry in fits if "fit" in entry),
        "networks": len(rows),
        "regions": total,
        "seconds_of_counting": sum(row["seconds"] for row in rows),
        "largest_share_of_leading_term": shares["leading_term"],
        "largest_share_of_upper_bound": shares["upper_bound"],
        "fits": fits,
        "families": [_title(family) for family in config.families],
        "claims": _claims(config, fits),
    }


def _in_short(config: Config, entry: dict[str, Any]) -> str:
    """A fit in a few words."""
    family, fit = config.families[entry["family"]], Fit(**entry["fit"])
    twins = sum(other.varies == family.varies for other in config.families)
    over = family.varies if twins == 1 else _title(family)
    return f"{fit.name} {fit.parameter:.2f} over {over}, {entry['stage']}"


def _claims(config: Config, fits: list[dict[str, Any]]) -> list[Claim]:
    """What the fits of one layer in the plane say of N^d / d!."""
    claims = []
    for entry in fits:
        family = config.families[entry["family"]]
        one_layer = family.varies == "width" and len(family.fixed.hidden) == 1
        if not one_layer or "fit" not in entry or entry["fit"]["low"] is None:
            continue
        fit, dim = Fit(**entry["fit"]), family.fixed.domain_dim
        assert fit.low is not None
        assert fit.high is not None
        differs = ", ".join(family.differences)
        units = f"units ({differs})" if differs else "units"
        claims.append(
            claim_normal(
                f"One layer of N {units} has of order N^{dim} regions in dimension "
                f"{dim}, {entry['stage']}.",
                "Hanin, Rolnick, ICML 2019",
                f"exponent of the mean count over N, within .1 of {dim}",
                fit.parameter,
                # Of a bootstrap interval of 95 %.
                (fit.high - fit.low) / (2.0 * 1.96),
                config.seeds,
                low=dim - 0.1,
                high=dim + 0.1,
            )
        )
    return claims


def _title(family: Family) -> str:
    """What a family varies and what it holds fixed."""
    fixed = family.fixed
    parts = [family.varies]
    if family.varies != "dim":
        parts.append(f"dimension {fixed.dim}")
    if family.varies not in ("widths", "depth", "width"):
        parts.append(f"hidden {'x'.join(map(str, fixed.hidden))}")
    elif family.varies == "depth":
        parts.append(f"width {fixed.width}")
    elif family.varies == "width":
        parts.append(f"depth {fixed.depth}")
    return f"{parts[0]} ({', '.join([*parts[1:], *family.differences])})"


def summary_rows(summary: Summary) -> Iterator[tuple[str, str]]:
    """The summary as a table for readers."""
    yield "networks, initial and trained", f"{summary['networks']:,}"
    yield "regions", f"{summary['regions']:,.0f}"
    for name, key in (("N^d / d!", "leading_term"), ("the upper bound", "upper_bound")):
        yield f"most, over {name}", f"{summary[f'largest_share_of_{key}']:.3g}"
    for entry in summary["fits"]:
        name = f"{summary['families'][entry['family']]}, {entry['stage']}"
        if "fit" in entry:
            yield name, str(Fit(**entry["fit"]))
        else:
            yield name, "means " + ", ".join(f"{mean:.4g}" for mean in entry["means"])
