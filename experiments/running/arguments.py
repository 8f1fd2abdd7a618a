"""What the command lines share in reading arguments: errors, points, domains, folders.

Light on purpose: a command that only counts starts without a framework.
"""

import argparse
import importlib.metadata
import json
import logging
import math
import pathlib
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NoReturn, get_args

import numpy as np
from jaxtyping import Float64

from experiments.running.command_names import as_called, nearest
from regions.domains.shapes import (
    Ball,
    Box,
    Domain,
    HPolytope,
    Segment,
    Slice,
    WholeSpace,
)
from regions.errors import EmptyPolyhedronError, FileFormatError, ImportNotice
from regions.files.data_files import load_points, read_npy, read_npz
from regions.files.numpy_files import as_float64
from regions.files.reading import MAX_BYTES, check_file_size, reading
from regions.network import ReluNetwork

LOG = logging.getLogger("relu-regions")
"""What `--verbose` shows."""

NORMS = {"1": 1, "2": 2, "inf": math.inf}
"""Norms by the words of the command line."""

OtherDomain = Literal["segment", "slice", "polytope", "ball", "whole-space"]
"""Domains besides a box, by their options."""
OTHER_DOMAINS: tuple[OtherDomain, ...] = get_args(OtherDomain)


FEW = 20
"""So many choices fit an error message."""


class Parser(argparse.ArgumentParser):
    """Shows examples in its help and reports a bad argument in one line.

    Args:
        description: What the command does.
        examples: The end of the help, printed as it stands.
    """

    def __init__(self, description: str | None, examples: str):
        super().__init__(
            description=description,
            epilog=as_called(examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        # "-1e-3" and "-1,0.5" are numbers too, and no options.
        self._negative_number_matcher = re.compile(r"^-(\d|\.\d|inf)[\d.eEinf+,-]*$")
        self._domains: list[str] = []
        self._refused: dict[OtherDomain, str] = {}
        self._is_domain_required = False
        text = "say what is read and done, and where an error is from"
        self.add_argument("--verbose", action="store_true", help=text)

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        if message.startswith("the following arguments are required"):
            message += f"; see {self.prog} --help"
        self.exit(2, f"error: {message}\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As in every parser, but of many choices the error names only the nearest."""
        choices = [] if action.choices is None else list(action.choices)
        if len(choices) > FEW and value not in choices:
            names = [choice for choice in choices if isinstance(choice, str)]
            hint = nearest(value, names, f"see {self.prog} --help for all names.")
            raise argparse.ArgumentError(action, f"there is no {value!r}: {hint}")
        super()._check_value(action, value)

    def add_domain(
        self,
        *,
        required: bool = True,
        refused: Mapping[OtherDomain, str] = MappingProxyType({}),
    ) -> None:
        """Take a domain of any kind.

        Args:
            required: Whether one must be given; never may two.
            refused: Kinds that this command cannot serve, and what does, in words for
                who gives one; help does not show them.
        """
        title = "domain (one of these)" if required else "domain (at most one of these)"
        where = self.add_argument_group(title).add_argument

        def add(kind: OtherDomain, text: str | None = None, **how: Any) -> None:
            hidden = argparse.SUPPRESS if kind in refused else text
            where(f"--{kind}", help=hidden, **how)

        ends = ("LOW", "HIGH")
        where("--box", nargs=2, type=float, metavar=ends, help="on every axis")
        where("--lower", type=numbers, metavar="A,B,...", help="with --upper: a box")
        where("--upper", type=numbers, metavar="A,B,...")
        add("segment", nargs=2, type=point, metavar=("START", "END"))
        add("slice", "an affine slice", type=pathlib.Path, metavar="NPZ")
        add("polytope", "all x with A x <= b", type=pathlib.Path, metavar="FILE")
        text = f"with --radius, the points around {POINT}"
        add("ball", text, type=point, metavar="POINT")
        shown = argparse.SUPPRESS if "ball" in refused else "of the ball"
        # Where a command has a radius or a norm of its own, the ball takes that.
        if "--radius" not in self._option_string_actions:
            where("--radius", type=float, metavar="R", help=shown)
        if "--norm" not in self._option_string_actions:
            shown = shown if "ball" in refused else "of the ball (default: 2)"
            where("--norm", choices=NORMS, help=shown)
        add("whole-space", "all of R^d", action="store_true")
        self._refused = dict(refused)
        kept = [f"--{kind}" for kind in OTHER_DOMAINS if kind not in refused]
        self._domains = ["--box", "--lower with --upper", *kept]
        self._is_domain_required = required

    def add_state_dicts(self) -> None:
        """Take what a file of weights alone does not say; see `read_network`."""
        title = "files of weights alone (.pt, .pth, .safetensors, .msgpack, Orbax)"
        add = self.add_argument_group(title).add_argument
        text = "how the names of one of several networks begin"
        add("--prefix", metavar="NAME", help=text)
        text = "relu after every layer but the last, or prelu, with slopes in the file"
        add("--activation", choices=("relu", "prelu"), help=text)
        text = "slopes below zero, one a hidden layer or one for all; 1: no activation"
        add("--slopes", type=numbers, metavar="A,B,...", help=text)

    def add_max_seconds(self) -> None:
        """Take a limit on time that ends the command as Ctrl-C does."""
        text = "stop after this time, as on Ctrl-C"
        self.add_argument("--max-seconds", type=seconds, metavar="S", help=text)

    def add_run_folder(self, default: str) -> None:
        """Take the folder of a run, and whether it may be replaced."""
        help_text = f"run folder (default: {default})"
        self.add_argument("--folder", "--out", type=pathlib.Path, help=help_text)
        help_text = "replace the run in the folder"
        self.add_argument("--force", action="store_true", help=help_text)
        self.add_max_seconds()

    def parse(self, arguments: list[str] | None) -> argparse.Namespace:
        """The options; the process exits if the domain is none or not one."""
        options = self.parse_args(arguments)
        LOG.setLevel(logging.INFO if options.verbose else logging.CRITICAL)
        if options.verbose:
            _speak()
        if self._domains:
            self._check_domain(options)
        return options

    def _check_domain(self, options: argparse.Namespace) -> None:
        """Exit unless one domain is given, or none, of a kind that is served."""
        for kind, instead in self._refused.items():
            # The whole space is False where it is not asked for.
            if getattr(options, kind.replace("-", "_")) not in (None, False):
                self.error(f"--{kind}: {instead}")
        corners = [options.lower is not None, options.upper is not None]
        named = sum(value is not None for value in other_domains(options))
        given = any(corners) + named
        if given > 1 or (given == 0 and self._is_domain_required):
            box, *between, last = self._domains
            others = f"{', '.join(between)} or {last}"
            if not given:
                self.error(f"no domain given: for example {box} -1 1 (or {others})")
            count = "exactly one" if self._is_domain_required else "at most one"
            self.error(f"{given} domains given: {count} of {box}, {others} is required")
        if any(corners) and not all(corners):
            self.error("--lower and --upper are required together")


class _Lines(logging.Handler):
    """To the standard error that there is when something is said."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        sys.stderr.write(f"{self.format(record)}\n")


def _speak() -> None:
    """Diagnostics to the standard error, each with the seconds since the start."""
    lines = _Lines()
    lines.setFormatter(logging.Formatter("%(relativeCreated)8.0f ms  %(message)s"))
    LOG.handlers, LOG.propagate = [lines], False
    names = ("relu-regions", "numpy", "jax", "numba", "python-flint", "highspy")
    found = (f"{name} {importlib.metadata.version(name)}" for name in names)
    LOG.info("Python %s, %s", sys.version.split()[0], ", ".join(found))


NETWORK = "a model (.npz, .pt, .onnx, .keras, .nnet and others), or a run folder"
"""Help of the argument that names a network."""


def seconds(text: str) -> float:
    """A limit on time.

    Example:
        >>> seconds("2.5")
        2.5
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: a positive number is required")
    return number


def output_file(text: str, suffixes: tuple[str, ...]) -> pathlib.Path:
    """A file to be written: in a folder that exists, its name ending as required."""
    path = pathlib.Path(text)
    if path.suffix not in suffixes:
        wanted = " or ".join(suffixes)
        raise argparse.ArgumentTypeError(
            f"{text}: a name ending in {wanted} is required"
        )
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text}: the folder {path.parent} does not exist; make it first"
        )
    return path


def numbers(text: str) -> list[float]:
    """Numbers separated by commas."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of numbers like 0,0.5"
        ) from None


def finite(text: str) -> float:
    """A number that is neither NaN nor infinite."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text}: a finite number is required")
    return number


POINT = "0.3,-0.2, or row k of a file as x.npy:k (.npy, .npz, .csv)"
"""Help of an argument that is a point."""


def point(text: str) -> Float64[np.ndarray, " dim"]:
    """Numbers separated by commas, or row k of a file: `digits.npy:7`."""
    match = re.fullmatch(r"(.*\.(?:npy|npz|csv))(?::(\d+))?", text, re.IGNORECASE)
    try:
        if match is None:
            return np.array(numbers(text))
        row = int(match[2] or 0)
        if match[1].lower().endswith(".npy"):
            return read_row(match[1], row)
        rows = load_points(match[1])
        if row >= len(rows):
            raise ValueError(f"{match[1]} has {len(rows)} rows, from 0")
        return rows[row]
    except (ValueError, OSError, FileFormatError, argparse.ArgumentTypeError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no point: write 0.3,-0.2 or digits.npy:7 ({error})"
        ) from None


def read_row(path: str | pathlib.Path, row: int) -> Float64[np.ndarray, " dim"]:
    """A point in a `.npy` file: a row, flattened; a vector alone is row 0.

    Raises:
        FileFormatError: If it is no such file, or is damaged.
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no such row of numbers.
    """
    points = read_npy(path)
    if points.ndim == 0:
        raise ValueError(f"{path} holds one number: give an array of points.")
    rows = points[None] if points.ndim == 1 else points.reshape(len(points), -1)
    if not 0 <= row < len(rows):
        raise ValueError(
            f"row {row} is asked for and {path} has {len(rows)}: give 0 to "
            f"{len(rows) - 1}."
        )
    return as_float64(path, rows[row])


def run_folder(name: str, preset: str) -> pathlib.Path:
    """Where a run goes that was given no folder."""
    return pathlib.Path("runs") / (f"{name}-smoke" if preset == "smoke" else name)


def other_domains(options: argparse.Namespace) -> tuple[Any, ...]:
    """The options that name a domain by themselves; only one of them is given."""
    return (
        options.box,
        options.segment,
        options.slice,
        options.polytope,
        options.ball,
        options.whole_space or None,
    )


def is_domain_given(options: argparse.Namespace) -> bool:
    """Whether some domain is."""
    given = any(value is not None for value in other_domains(options))
    return given or options.lower is not None


def domain_of(
    options: argparse.Namespace, dim: int, *, one_for_all: bool = False
) -> Domain:
    """The domain asked for.

    Args:
        options: From a parser with `add_domain`.
        dim: Number of inputs of the network.
        one_for_all: Let a corner of one number stand for that number on every axis.

    Raises:
        OSError: If the file of a slice or a polytope cannot be read.
        ValueError: If the numbers make no domain.
    """
    domain = _domain_of(options, dim, one_for_all=one_for_all)
    LOG.info("domain %r", domain)
    return domain


def _domain_of(options: argparse.Namespace, dim: int, *, one_for_all: bool) -> Domain:
    """The same, without a word."""
    if options.whole_space:
        return WholeSpace(dim)
    if options.segment is not None:
        return Segment(*options.segment)
    if options.slice is not None:
        return read_slice(options.slice)
    if options.polytope is not None:
        return read_polytope(options.polytope)
    if options.ball is not None:
        return ball_of(options)
    box = box_of(options, dim, one_for_all=one_for_all)
    if box is None:
        raise ValueError("no domain is given: --box LOW HIGH is one for every network.")
    return box


def ball_of(options: argparse.Namespace) -> Ball:
    """The ball asked for.

    Raises:
        ValueError: If it has no radius, or the numbers make no ball.
    """
    if options.radius is None:
        raise ValueError("--ball needs --radius R.")
    # Where a norm is asked about, too, that of the ball may be another one.
    norm = NORMS[getattr(options, "ball_norm", None) or options.norm or "2"]
    return Ball(options.ball, options.radius, norm)


def in_inputs(domain: Domain) -> Domain:
    """A ball of the norm 1 or inf as a box or polytope in the inputs' coordinates.

    The chart of a ball is centered, which is not what a point on a command line means.
    Sides are rounded to float64; other domains stay as they are.

    Example:
        >>> in_inputs(Ball([0.5, 0.5], 0.25, math.inf))
        Box([0.25, 0.25], [0.75, 0.75])
    """
    if not isinstance(domain, Ball) or domain.squared_radius is not None:
        return domain
    if domain.is_simple:
        return Box(domain.center - domain.radius, domain.center + domain.radius)
    A, b = domain.rows()
    return HPolytope(A, b + A @ domain.center)


def in_chart(
    options: argparse.Namespace, domain: Domain, x: Float64[np.ndarray, " inputs"]
) -> Float64[np.ndarray, " dim"]:
    """A point of a flat box in the coordinates of its chart; others as they are.

    The chart of a flat box has the axes on which it is wide, and a point on a command
    line has all.

    Raises:
        ValueError: If the point is not in the plane of the box.
    """
    if options.lower is None or not isinstance(domain, Slice):
        return x
    if len(x) != domain.ambient_dim:
        return x
    wide = domain.directions.any(axis=0)
    off = np.flatnonzero(~wide & (x != domain.origin))
    if len(off):
        k = int(off[0])
        raise ValueError(
            f"the point has {x[k]:g} in place {k} and the box {domain.origin[k]:g} "
            "alone: they must be equal."
        )
    return x[wide]


def box_of(
    options: argparse.Namespace, dim: int, *, one_for_all: bool = False
) -> Box | Slice | None:
    """The box asked for; `None` if none is. A flat one is a slice.

    Args:
        options: From a parser with `add_domain`.
        dim: Number of inputs of the network.
        one_for_all: Let a corner of one number stand for that number on every axis.
    """
    if options.box is not None:
        low, high = options.box
        return Box([low] * dim, [high] * dim)
    if options.lower is None:
        return None
    corners = [options.lower, options.upper]
    if one_for_all:
        corners = [c * dim if len(c) == 1 else c for c in corners]
    return Box(*corners)


def output_of(given: int | None, count: int, what: str) -> int:
    """The number of the output that is asked for, which may be left out if it is one.

    Args:
        given: What `--output` says.
        count: How many outputs the network has.
        what: What needs it, for the message.

    Raises:
        ValueError: If there is no such output.
    """
    if given is None and count == 1:
        return 0
    if given is None or not 0 <= given < count:
        said = "none is named" if given is None else f"{given} is no number of one"
        raise ValueError(
            f"{what}: the network has {count} output{'s' * (count != 1)}, and {said}: "
            f"give --output K with K from 0 to {count - 1}."
        )
    return given


def read_network(path: pathlib.Path, options: argparse.Namespace) -> ReluNetwork:
    """The network in a file or run folder; says what the file leaves open.

    Args:
        path: The file or folder.
        options: From a parser with `add_state_dicts`; its `notices` become what was
            said.
    """
    return read_networks([path], options)[0]


def read_networks(
    paths: Sequence[pathlib.Path], options: argparse.Namespace
) -> list[ReluNetwork]:
    """The networks in some files or run folders; says what the files leave open.

    Args:
        paths: The files or folders. What the options tell of weights is told of those
            that hold weights alone.
        options: As in `read_network`.
    """
    from regions.io import holds_weights_alone

    named, networks = state_dict_options(options), []
    takes = [holds_weights_alone(path) for path in paths] if named else []
    options.notices = []
    for k, path in enumerate(paths):
        # Where no file takes the options, the first says so.
        own = named if not any(takes) or takes[k] else {}
        networks.append(_loaded(path, own, options.notices))
    return networks


def _loaded(
    path: pathlib.Path, named: dict[str, Any], notices: list[str]
) -> ReluNetwork:
    """The network in one file; what is said goes to the notices, too."""
    from regions.io import load_network

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ImportNotice)
        try:
            network = load_network(path, **named)
        except (FileFormatError, ValueError) as error:
            error.args = (_with_options(str(error)),)
            raise
    for warning in caught:
        notices.append(_with_options(str(warning.message)))
        sys.stderr.write(f"notice: {notices[-1]}\n")
    LOG.info("%s: %r", path, network)
    return network


def _with_options(text: str) -> str:
    """What is said of arguments of `load_network`, said of options.

    Example:
        >>> _with_options("give `activation` 'relu', or `slopes`")
        'give --activation relu, or --slopes'
    """
    text = text.replace("`order`, ", "")  # which is no option
    text = re.sub(r"`?activation`?[ =]'(\w+)'", r"--activation \1", text)
    return re.sub(r"`(activation|slopes|prefix)`", r"--\1", text)


def state_dict_options(options: argparse.Namespace) -> dict[str, Any]:
    """What `load_network` is told, from a parser with `add_state_dicts`."""
    slopes = options.slopes
    if slopes is not None and len(slopes) == 1:
        slopes = slopes[0]
    named = {
        "prefix": options.prefix,
        "activation": options.activation,
        "slopes": slopes,
    }
    return {name: value for name, value in named.items() if value is not None}


def read_slice(path: pathlib.Path) -> Slice:
    """The slice in an npz file with origin, directions, lower and upper.

    Raises:
        OSError: If the file cannot be read.
        FileFormatError: If it is damaged, or holds other arrays; the message names it.
        ValueError: If the arrays make no slice.
    """
    names = ("origin", "directions", "lower", "upper")
    parts = [as_float64(path, array) for array in read_npz(path, names)]
    for name, array, axes in zip(names, parts, (1, 2, 1, 1), strict=True):
        if array.ndim != axes:
            raise FileFormatError(
                f"{path} is no slice: {name} has shape {array.shape}, and {axes} "
                f"{'axis is' if axes == 1 else 'axes are'} required."
            )
    return Slice(parts[0], parts[1], Box(parts[2], parts[3]))


def read_polytope(path: pathlib.Path) -> HPolytope:
    """The polytope in an npz file with A and b, or in a JSON object with both.

    Raises:
        OSError: If the file cannot be read.
        FileFormatError: If it is damaged, or holds something else.
        ValueError: If the rows make no polytope.
    """
    A, b = _rows_in(path)
    try:
        return HPolytope(A, b)
    except (EmptyPolyhedronError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _rows_in(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """The arrays A and b of a file, as they stand there."""
    if path.suffix.lower() == ".npz":
        A, b = (as_float64(path, array) for array in read_npz(path, ("A", "b")))
        return A, b
    with reading(path, "a polytope", 'write {"A": [[...], ...], "b": [...]}'):
        check_file_size(path, MAX_BYTES)
        body = json.loads(path.read_text("utf-8-sig"))
        return np.array(body["A"], np.float64), np.array(body["b"], np.float64)
