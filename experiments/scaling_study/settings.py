"""What a study varies and what it holds fixed, from a TOML file."""

import dataclasses
import hashlib
import json
import math
import pathlib
import tomllib
from typing import Any, NamedTuple

from experiments.scaling_study.scaling_fits import LAWS
from regions.enumeration import METHODS
from training.config import ACTIVATIONS, INITIALIZERS

STAGES = ("initial", "trained")
DOMAINS = ("cube", "simplex", "slice")
NO_FIT = "none"


def _check_count(name: str, value: int, least: int) -> None:
    """Raise unless a number is large enough."""
    if value < least:
        raise ValueError(f"`{name}` is {value}: at least {least} is required.")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """All that is the same for some networks, which differ in their seeds.

    Attributes:
        dim: Inputs.
        depth: Hidden layers.
        width: Units per hidden layer.
        widths: Units of each hidden layer, in place of depth and width; empty for
            these.
        activation: As in `training.config.ModelConfig`.
        slope: Slope below zero of `leaky_relu`, and initial slope of `prelu`.
        initializer: As in `ModelConfig`.
        init_scale: Factor of the initial weights of the hidden layers.
        epochs: Epochs of training, full batch.
        learning_rate: Learning rate of Adam.
        domain: Where regions are counted: the `cube` of this half width around the
            origin, the `simplex` of the origin and half-width unit vectors, or a
            `slice`: the cube of some dimensions around the mean of the data, along
            random orthogonal directions, the same for all seeds.
        half_width: Half the side of the domain, or the length of its edges.
        slice_dim: Dimensions of a slice.
    """

    dim: int = 2
    depth: int = 1
    width: int = 16
    widths: tuple[int, ...] = ()
    activation: str = "relu"
    slope: float = 0.01
    initializer: str = "he_normal"
    init_scale: float = 1.0
    epochs: int = 200
    learning_rate: float = 1e-2
    domain: str = "cube"
    half_width: float = 1.0
    slice_dim: int = 2

    def __post_init__(self):
        for name in ("dim", "depth", "width", "slice_dim"):
            _check_count(name, getattr(self, name), 1)
        for width in self.widths:
            _check_count("widths", width, 1)
        _check_count("epochs", self.epochs, 0)
        for name in ("init_scale", "learning_rate", "half_width"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise ValueError(f"`{name}` is {value}: a positive number is required.")
        for name, known in (
            ("activation", ACTIVATIONS),
            ("initializer", INITIALIZERS),
            ("domain", DOMAINS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"`{name}` is {getattr(self, name)!r}: one of {', '.join(known)} "
                    "is required."
                )
        if self.domain == "slice" and self.slice_dim > self.dim:
            raise ValueError(
                f"`slice_dim` is {self.slice_dim} and `dim` {self.dim}: a slice has no "
                "more dimensions."
            )

    @property
    def hidden(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return self.widths or (self.width,) * self.depth

    @property
    def domain_dim(self) -> int:
        """Dimensions of the domain."""
        return self.slice_dim if self.domain == "slice" else self.dim

    @property
    def key(self) -> str:
        """A name for files: readable, and another one for each setting."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        return f"{self.dim}-{'x'.join(map(str, self.hidden))}-{digest}"


_SHAPE = ("dim", "depth", "width", "widths")
_DEFAULTS = dataclasses.asdict(Setting())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Settings that differ in one thing.

    Attributes:
        varies: A field of `Setting`.
        values: Its values.
        fixed: All other fields.
        fit: The law to fit, one of `scaling_fits.LAWS`, or `none`: by default
            `arrangement` over input dimensions, `power` over other positive numbers
            and, where `widths` vary, over the number of units. Shapes may share it.
    """

    varies: str
    values: tuple[Any, ...]
    fixed: Setting = Setting()
    fit: str = ""

    def __post_init__(self):
        names = [field.name for field in dataclasses.fields(Setting)]
        if self.varies not in names:
            raise ValueError(
                f"`varies` is {self.varies!r}: one of {', '.join(names)} is required."
            )
        if self.fixed.widths and self.varies in ("depth", "width"):
            raise ValueError(
                f"`widths` is {list(self.fixed.widths)} where `varies` is "
                f"{self.varies!r}: leave it out, or vary `widths`."
            )
        if len(set(self.values)) < 2:
            raise ValueError(
                f"`values` is {list(self.values)}: at least two, all different, are "
                "required."
            )
        self.settings()
        self._check_fit()

    def _check_fit(self) -> None:
        """Raise unless the law fits what varies."""
        if self.fit not in ("", NO_FIT, *LAWS):
            raise ValueError(
                f"`fit` is {self.fit!r}: one of {', '.join(LAWS)} or {NO_FIT} is "
                "required."
            )
        if self.law == NO_FIT:
            return
        if self.varies == "widths" and not self.numbers:
            units = sum(self.settings()[0].hidden)
            raise ValueError(
                f"`fit` is {self.law!r} where all `widths` have {units} units: shapes "
                "of different numbers of units are required, or 'none'."
            )
        if self.law == "arrangement" and self.varies not in ("dim", "slice_dim"):
            raise ValueError(
                f"`fit` is 'arrangement' where `varies` is {self.varies!r}: it is a "
                "law of dimensions: use 'power' or 'exponential'."
            )
        if not self.numbers or (self.law == "power" and min(self.numbers) <= 0):
            raise ValueError(
                f"`fit` is {self.law!r} and `values` {list(self.values)}: numbers are "
                "required, positive ones for a power."
            )

    def settings(self) -> list[Setting]:
        """The settings, in order."""
        return [
            dataclasses.replace(self.fixed, **{self.varies: v}) for v in self.values
        ]

    @property
    def numbers(self) -> list[float]:
        """What the counts are fitted over; empty where there are no numbers."""
        if self.varies == "widths":
            units = [float(sum(setting.hidden)) for setting in self.settings()]
            return units if len(set(units)) > 1 else []
        return [float(v) for v in self.values if isinstance(v, (int, float))]

    @property
    def differences(self) -> list[str]:
        """What is held fixed, but for the shape, and is not what it is by default."""
        names = [name for name in _DEFAULTS if name not in (*_SHAPE, self.varies)]
        given = {name: getattr(self.fixed, name) for name in names}
        return [
            value if isinstance(value, str) else f"{name.replace('_', ' ')} {value}"
            for name, value in given.items()
            if value != _DEFAULTS[name]
        ]

    @property
    def law(self) -> str:
        """The law that is fitted, or `none`."""
        if self.fit:
            return self.fit
        if self.varies in ("dim", "slice_dim"):
            return "arrangement"
        return "power" if self.numbers and min(self.numbers) > 0 else NO_FIT


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a study.

    Attributes:
        families: What varies.
        seeds: Networks per setting.
        stages: When regions are counted: at initialization, after training, or both.
        method: `auto` or another engine of `regions.count_regions`, or `estimate`.
        cells: Cells that an estimate keeps.
        runs: Runs of an estimate.
        points: Training points, uniform in the cube.
        data: An `.npz` file with points `inputs` and numbers `targets`, in their place;
            empty for none.
        data_digest: SHA-256 of that file: a study of changed data is another one.
        bootstrap: Resamplings of the seeds for the intervals.
    """

    families: tuple[Family, ...]
    seeds: int = 40
    stages: tuple[str, ...] = STAGES
    method: str = "auto"
    cells: int = 200
    runs: int = 16
    points: int = 256
    data: str = ""
    data_digest: str = ""
    bootstrap: int = 1000

    def __post_init__(self):
        for name in ("seeds", "cells", "runs", "points", "bootstrap"):
            _check_count(name, getattr(self, name), 1)
        if not self.families:
            raise ValueError("`families` is empty: a [[families]] table is required.")
        known = (*METHODS, "estimate")
        if self.method not in known:
            raise ValueError(
                f"`method` is {self.method!r}: one of {', '.join(known)} is required."
            )
        if not self.stages or set(self.stages) - set(STAGES):
            raise ValueError(
                f"`stages` is {list(self.stages)}: some of {', '.join(STAGES)} are "
                "required."
            )

    def settings(self) -> list[Setting]:
        """Every setting once, small networks first."""
        found = {s for family in self.families for s in family.settings()}
        return sorted(found, key=lambda s: (s.dim, len(s.hidden), s.hidden, s.key))


class _Kind(NamedTuple):
    """What TOML may hold for a field: the types of a value, and their name."""

    types: tuple[type, ...]
    name: str


_KINDS: dict[Any, _Kind] = {
    int: _Kind((int,), "an integer"),
    float: _Kind((int, float), "a number"),
    str: _Kind((str,), "a text in quotes"),
    tuple[int, ...]: _Kind((int,), "a list of integers"),
    tuple[str, ...]: _Kind((str,), "a list of texts"),
}
_OWN = ("families", "fixed", "values", "data_digest")
"""Fields that are no keys, or are read in a way of their own."""


def read_study(path: pathlib.Path) -> Config:
    """A study from a TOML file.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        ValueError: If it is not TOML, or has a key or a value that means nothing here.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give a TOML file.")
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: give a TOML file.")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not TOML: {error}.") from error
    tables = data.pop("families", [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise ValueError(f"{path}: `families` holds no tables: write [[families]].")
    try:
        common = _entries((Config, Setting), data, "")
        _check_shape(common, common.get("widths"))
        fixed = _only(Setting, common)
        families = tuple(_family(table, fixed) for table in tables)
        study = Config(families=families, **_only(Config, common))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return _with_data(study, path.parent)


def _with_data(study: Config, folder: pathlib.Path) -> Config:
    """The study with the place of its data, from the folder of its file on."""
    if not study.data:
        return study
    file = folder / study.data
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist: `data` names an .npz file.")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return dataclasses.replace(study, data=str(file), data_digest=digest)


def _family(table: dict[str, Any], common: dict[str, Any]) -> Family:
    """A [[families]] table, with what is common to all of them."""
    table = dict(table)
    values = table.pop("values", None)
    given = _entries((Family, Setting), table, " in [[families]]")
    for key, value in (("varies", given.get("varies")), ("values", values)):
        if value is None:
            raise ValueError(f"`{key}` in [[families]] is missing: it is required.")
    if not isinstance(values, list):
        raise ValueError(f"`values` is {values!r}: a list is required.")
    fields = {field.name: field.type for field in dataclasses.fields(Setting)}
    kind = fields.get(given["varies"])
    if kind is not None:
        values = [_value(kind, "values", value) for value in values]
    fixed = Setting(**{**common, **_only(Setting, given)})
    _check_shape(given, fixed.widths or given["varies"] == "widths")
    return Family(values=tuple(values), fixed=fixed, **_only(Family, given))


def _check_shape(given: dict[str, Any], has_widths: Any) -> None:
    """Raise if a table says by depth or width what `widths` say."""
    for name in ("depth", "width"):
        if has_widths and name in given:
            raise ValueError(
                f"`{name}` is {given[name]} beside `widths`, which say it too: leave "
                "one of them out."
            )


def _only(kind: type, given: dict[str, Any]) -> dict[str, Any]:
    """Those entries that are fields of a class."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {key: value for key, value in given.items() if key in names}


def _entries(
    kinds: tuple[type, ...], given: dict[str, Any], place: str
) -> dict[str, Any]:
    """The keys and values of a table of a study, checked."""
    fields = {
        field.name: field.type
        for kind in kinds
        for field in dataclasses.fields(kind)
        if field.name not in _OWN
    }
    for key in given:
        if key not in fields:
            tables = ", `values`" if place else ", and [[families]]"
            raise ValueError(
                f"`{key}`{place} is not a key: {', '.join(fields)} are{tables}."
            )
    return {key: _value(fields[key], key, v) for key, v in given.items()}


def _value(kind: Any, key: str, value: Any) -> Any:
    """A value of a study, of the type of its field."""
    wanted, is_list = _KINDS[kind], kind not in (int, float, str)
    parts: list[Any] = value if isinstance(value, list) else [value]
    # True and False are integers to Python, and no numbers here.
    fits = all(type(part) in wanted.types for part in parts)
    if not fits or is_list != isinstance(value, list):
        raise ValueError(f"`{key}` is {value!r}: {wanted.name} is required.")
    if is_list:
        return tuple(parts)
    return float(parts[0]) if kind is float else value
