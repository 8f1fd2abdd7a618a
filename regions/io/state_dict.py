"""Networks from named arrays: `*.weight` and `*.bias` of a chain of linear layers.

A state dict holds neither the order of the layers nor what happens between them. The
order is taken from numbers in the names (`net.0`, `net.2`, ...) or, failing that, from
the shapes, and asked for when several fit. Between two linear layers ReLU is assumed
unless said otherwise; layers whose numbers leave it no place (`net.0`, `net.1`) are
refused until it is said. Whatever a state dict cannot describe (strides of a
convolution, the epsilon of a normalization) is refused: ONNX files hold it.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing

from regions.errors import tell
from regions.network import ReluNetwork

Activation = Literal["relu", "prelu"]
Slopes = float | Sequence[Any]

_MAX_STEPS = 100_000


def network_from_state_dict(
    state: Mapping[str, numpy.typing.ArrayLike],
    *,
    order: Sequence[str] | None = None,
    activation: Activation | None = None,
    slopes: Slopes | None = None,
) -> ReluNetwork:
    """The network of a chain of linear layers given by name.

    Args:
        state: Arrays `name.weight` of shape `(fan_out, fan_in)` and `name.bias` of
            shape `(fan_out,)`; the bias may be missing.
        order: Names of the layers, first to last, when numbers in the names and the
            shapes leave it open.
        activation: `"relu"` after every layer but the last; `"prelu"` reads a lone
            vector `name.weight`, of one entry or one per unit, as the PReLU slopes of
            the linear layer before it. ReLU is assumed if neither this nor `slopes`
            is given, and said where a layer has no slopes among others that do.
        slopes: Slopes below zero, as in `ReluNetwork.from_arrays`, 1 where nothing
            follows a layer; not with `activation`. Where no weight is float64 they are
            rounded to float32, in which frameworks take them.

    Raises:
        ValueError: If a layer is not linear, no order or several orders fit, no slopes
            are there for `"prelu"`, or nothing is said and the numbers of two layers
            leave no place for ReLU.
    """
    return chain_network(state, order, activation, slopes, number=r"(?:^|.*\.)(\d+)")


def with_prefix(
    state: Mapping[str, numpy.typing.ArrayLike], prefix: str | None
) -> dict[str, Any]:
    """The arrays of one of several networks, their names without its own.

    Raises:
        ValueError: If no name begins in this way.
    """
    if prefix is None:
        return dict(state)
    start = prefix.rstrip(".") + "."
    chosen = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
    if not chosen:
        raise ValueError(
            f"no name begins with `prefix` {prefix!r}: one of {_heads(state)} is "
            "required."
        )
    return chosen


def _heads(names: Iterable[str]) -> list[str]:
    """What stands before the first dot of each name."""
    return sorted({name.partition(".")[0] for name in names})


def chain_network(
    state: Mapping[str, numpy.typing.ArrayLike],
    order: Sequence[str] | None,
    activation: Activation | None,
    slopes: Slopes | None,
    *,
    number: str,
) -> ReluNetwork:
    """As `network_from_state_dict`.

    Args:
        state: See there.
        order: See there.
        activation: See there.
        slopes: See there.
        number: Pattern of the names of layers that are counted together with what lies
            between them; its group is the number.
    """
    if activation not in (None, "relu", "prelu"):
        raise ValueError(f"`activation` is {activation!r}: 'relu' or 'prelu' required.")
    if activation is not None and slopes is not None:
        raise ValueError(
            f"`slopes` cannot be given with activation={activation!r}: leave one out."
        )
    layers = _group(state, activation)
    names = _ordered(layers, order)
    linear = [name for name in names if layers[name]["weight"].ndim == 2]
    if not linear:
        raise ValueError("no linear layer is there: keys like '0.weight' are required.")
    for before, after in itertools.pairwise(linear):
        if not _fits(layers, before, after):
            raise ValueError(
                f"layer {after!r} has a weight of shape "
                f"{layers[after]['weight'].shape}, which does not read the "
                f"{len(layers[before]['weight'])} units of {before!r} before it: the "
                "layers form no chain, or `order` must be given."
            )
    if activation != "relu" and slopes is None:
        pairs = itertools.pairwise(names)
        _refuse_neighbors((p for p in pairs if {*p} <= {*linear}), number)
    if activation == "prelu":
        slopes = _prelu_slopes(layers, names)
    weights = [layers[name]["weight"] for name in linear]
    biases = [layers[name].get("bias") for name in linear]
    network = ReluNetwork.from_arrays(
        weights, biases, 0.0 if slopes is None else slopes
    )
    in_file = slopes is None or activation == "prelu"
    if in_file or any(_is_double(weight) for weight in weights):
        return network
    # `LeakyReLU(0.1)` on float32 numbers computes with the float32 next to 0.1.
    with np.errstate(over="ignore"):
        rounded = [layer.slopes.astype(np.float32) for layer in network.hidden]
    return ReluNetwork.from_arrays(weights, biases, rounded)


def _is_double(weight: np.ndarray) -> bool:
    """Whether numbers are none of float32 or fewer bits."""
    return weight.dtype.kind in "iub" or weight.dtype.itemsize > 4


def _group(
    state: Mapping[str, numpy.typing.ArrayLike], activation: Activation | None
) -> dict[str, dict[str, np.ndarray]]:
    """Arrays by layer and role, refused when a layer is not linear (or PReLU)."""
    layers: dict[str, dict[str, np.ndarray]] = {}
    for key, array in state.items():
        name, _, role = key.rpartition(".")
        layers.setdefault(name, {})[role] = np.asarray(array)
    for position, (name, arrays) in enumerate(layers.items(), start=1):
        reason = _why_not_linear(arrays, activation)
        if reason:
            raise ValueError(f"layer {position} ({name!r}) {reason}.")
    return layers


def _why_not_linear(
    arrays: dict[str, np.ndarray], activation: Activation | None
) -> str:
    """What speaks against a linear layer, or nothing."""
    if "running_mean" in arrays:
        return (
            "is batch normalization, whose epsilon and place a state dict does not "
            "hold: export the model to ONNX, or write it, where it is in memory, with "
            "regions.save_network('net.npz', regions.from_torch(model))"
        )
    unknown = sorted(set(arrays) - {"weight", "bias"})
    if unknown or "weight" not in arrays:
        found = unknown[0] if unknown else "a bias alone"
        return f"holds {found!r}, where weight and bias of linear layers are required"
    axes = arrays["weight"].ndim
    if axes == 2 or (axes == 1 and activation == "prelu" and "bias" not in arrays):
        return ""
    if axes == 1 and "bias" not in arrays:
        return (
            f"has a lone weight of shape {arrays['weight'].shape}: if it "
            "is PReLU, export the model to ONNX, or pass activation='prelu', "
            "and `order` to load_network if the names do not tell it"
        )
    kind = "a convolution" if axes > 2 else "a normalization"
    return (
        f"has a weight of shape {arrays['weight'].shape}, that is {kind}: export the "
        "model to ONNX"
    )


def _ordered(
    layers: Mapping[str, dict[str, np.ndarray]], order: Sequence[str] | None
) -> list[str]:
    """Names of the layers, first to last."""
    if order is not None:
        if sorted(order) != sorted(layers):
            raise ValueError(
                f"`order` names {sorted(order)}; exactly {sorted(layers)} are required."
            )
        return list(order)
    if len({re.sub(r"\d+", "0", name) for name in layers}) == 1:
        numbers = {n: tuple(map(int, re.findall(r"\d+", n))) for n in layers}
        names = sorted(layers, key=lambda name: numbers[name])
        return names
    if any(arrays["weight"].ndim == 1 for arrays in layers.values()):
        found: list[list[str]] = []
    else:
        found = list(itertools.islice(_chains(layers), 2))
    if len(found) != 1:
        how = "several orders fit" if found else "no order could be found for"
        heads = _heads(layers)
        several = (
            f", or `prefix`, one of {heads}, if these are several networks"
            if len(heads) > 1 and any("." in name for name in layers)
            else ""
        )
        raise ValueError(
            f"{how} the layers {sorted(layers)}: pass `order` with their names, first "
            f"to last{several}."
        )
    _notice_order(found[0])
    return found[0]


def _notice_order(names: Sequence[str]) -> None:
    """Warn where what may be several networks was joined to one by its shapes."""
    heads = [name.rpartition(".")[0] for name in names]
    groups = [head for head, _ in itertools.groupby(heads)]
    if len(groups) > 1 and min(map(heads.count, groups)) > 1:
        tell(
            f"the groups of layers {groups} are read one after the other, since their "
            "shapes allow it: pass `prefix` if they are several networks."
        )


def _refuse_neighbors(pairs: Iterable[tuple[str, str]], number: str) -> None:
    """Raise where the numbers of two layers leave no place for an activation."""
    for before, after in pairs:
        first, second = re.fullmatch(number, before), re.fullmatch(number, after)
        if first is None or second is None:
            continue
        if before[: first.start(1)] != after[: second.start(1)]:
            continue
        if int(second[1]) == int(first[1]) + 1:
            raise ValueError(
                f"layers {before!r} and {after!r} are neighbors, and nothing says what "
                "is between them: give `activation` 'relu' if ReLU follows every layer "
                "but the last, or `slopes`, with 1 where nothing follows."
            )


def _chains(layers: Mapping[str, dict[str, np.ndarray]]) -> Iterator[list[str]]:
    """Orders in which each layer fits the one before; two stand for "too many"."""
    steps = 0
    stack = [[name] for name in layers]
    while stack:
        steps += 1
        chain = stack.pop()
        if steps > _MAX_STEPS:
            yield from (chain, chain)
            return
        if len(chain) == len(layers):
            yield chain
        stack += [
            [*chain, name]
            for name in layers
            if name not in chain and _fits(layers, chain[-1], name)
        ]


def _fits(layers: Mapping[str, dict[str, np.ndarray]], before: str, after: str) -> bool:
    """Whether one layer reads as many units as the other has."""
    return layers[after]["weight"].shape[1] == layers[before]["weight"].shape[0]


def _prelu_slopes(
    layers: Mapping[str, dict[str, np.ndarray]], names: Sequence[str]
) -> list[np.ndarray | float]:
    """Slopes per hidden layer: those of the vector after it, ReLU without one."""
    slopes: list[np.ndarray | float] = []
    if len(names) > 1 and all(layers[name]["weight"].ndim == 2 for name in names):
        raise ValueError(
            "prelu: the file has no slopes; give `slopes` in place of `activation`."
        )
    for index, name in enumerate(names):
        weight = layers[name]["weight"]
        if weight.ndim == 2:
            slopes.append(0.0)
            continue
        if index == 0 or layers[names[index - 1]]["weight"].ndim != 2:
            raise ValueError(f"the slopes {name!r} follow no linear layer.")
        slopes[-1] = weight
    last = slopes.pop()
    if isinstance(last, np.ndarray):
        raise ValueError(f"the slopes {names[-1]!r} come after the last linear layer.")
    linear = [name for name in names if layers[name]["weight"].ndim == 2]
    bare = [n for n, s in zip(linear, slopes, strict=False) if isinstance(s, float)]
    if bare:
        tell(f"no slopes follow the layers {bare}: ReLU is assumed after them.")
    return slopes
