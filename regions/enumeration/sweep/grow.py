"""The sweep: the polyhedral complex of a generic network, unit by unit.

Vertices and edges of the complex are kept while units are inserted one after another,
layer by layer (edge subdivision: Berzins, ICML 2023). A unit that separates the ends of
an edge makes a vertex there; a 2-face that it crosses makes an edge between its two new
vertices. The faces around an edge are found by freeing one zero of the edge: equal face
keys pair up. Positions are float64, overflow and all;
`regions.enumeration.sweep.certify` proves the signs or finds them wrong.
"""

from collections.abc import Callable

import numpy as np

from regions.domains.simple_polytope import SimplePolytope
from regions.enumeration.engine import Progress, tell_nobody
from regions.enumeration.reused_memory import reused_memory
from regions.enumeration.sweep import loading, plain_insertion
from regions.enumeration.sweep.complex import BLOCK, Complex, SignWords
from regions.enumeration.sweep.partial_complex import PartialComplex
from regions.errors import NotGenericError
from regions.errors.limits import never
from regions.network import ReluNetwork
from regions.patterns.names import place_of, unit_name
from regions.patterns.packing import sign_words

ROOM = 1024
"""Vertices to make room for, at least."""


def sign_layout(network: ReluNetwork) -> SignWords:
    """Where the sign of each hidden unit is stored: one word per block of a layer."""
    word, bit, first = [], [], 0
    for layer in network.hidden:
        unit = np.arange(layer.width)
        word.append(first + unit // BLOCK)
        bit.append(unit % BLOCK)
        first += -(-layer.width // BLOCK)
    kinks = network.kinks
    empty = np.zeros(0, np.int64)
    return SignWords(
        np.concatenate([empty, *word]),
        np.concatenate([empty, *bit]),
        kinks,
        kinks.copy(),
    )


@np.errstate(all="ignore")
def sweep(
    network: ReluNetwork,
    polytope: SimplePolytope,
    *,
    seed: int = 0,
    room: int = 0,
    progress: Progress = tell_nobody,
    stop: Callable[[], bool] = never,
    most: int | None = None,
) -> Complex:
    """The complex of `network` on `polytope`, all in chart coordinates.

    Args:
        network: The network as a function of the chart coordinates.
        polytope: The domain, or a chamber of it (`regions.enumeration.sweep.chambers`).
        seed: Seed of the random words in the face keys.
        room: Vertices to make room for.
        progress: Called with units done and units in all.
        stop: Asked before every unit. The complex of the units inserted so far is
            returned when it says yes; it serves to find points and proves nothing.
        most: Stop likewise when there are so many vertices.

    Raises:
        NotGenericError: If a tie or an unpaired face shows that the network is not in
            general position on the domain.
    """
    with reused_memory():
        layout = sign_layout(network)
        room = max(room, ROOM)
        state = PartialComplex.start(network, layout, polytope, seed, room)

        def enough() -> bool:
            return stop() or (most is not None and len(state.zeros) >= most)

        return _sweep(network, state, progress, enough)


def _sweep(
    network: ReluNetwork,
    state: PartialComplex,
    progress: Progress,
    stop: Callable[[], bool],
) -> Complex:
    """What `sweep` returns, from the polytope itself on."""
    total, done = sum(network.widths), 0
    for index, layer in enumerate(network.hidden):
        state.open_layer(network, index)
        for start in range(0, layer.width, BLOCK):
            end = min(start + BLOCK, layer.width)
            left = done + start
            if not stop():
                left = _insert_block(network, state, index, start, done + start, stop)
            if left is not None:
                state.layout.keyed[left:] = False
                return state.finish(complete=False)
            progress(done + end, total)
        state.close_layer(index)
        done += layer.width
    return state.finish(complete=True)


def _insert_block(
    network: ReluNetwork,
    state: PartialComplex,
    index: int,
    start: int,
    first_unit: int,
    stop: Callable[[], bool],
) -> int | None:
    """Insert the units of one sign word; the unit to go on with, if asked to stop."""
    layer = network.hidden[index]
    end = min(start + BLOCK, layer.width)
    compiled = loading.load("insertion")
    with loading.plain_work(compiled):
        state.pre_activations(layer, index, start, end)
        survey = plain_survey if compiled is None else compiled.survey
        words, low, high, zero = survey(state.pre.view)
        kinks = layer.kinks[start:end]
        splitting = _splitting(state, network, kinks, first_unit, low, high, zero)
        word = int(state.layout.word[first_unit])
        state.signs.view[:, word] = words
        ranges = state.ranges(start, last=end == layer.width)
        form = plain_insertion if compiled is None else compiled
        left = form.insert_units(state, splitting, word, first_unit, ranges, stop)
        if left is not None:
            return first_unit + left
        activate = None if compiled is None else compiled.activate
        state.activate(layer, start, end, activate)
    return None


def _splitting(
    state: PartialComplex,
    network: ReluNetwork,
    kinks: np.ndarray,
    first_unit: int,
    low: np.ndarray,
    high: np.ndarray,
    zero: np.ndarray,
) -> np.ndarray:
    """Columns that are positive at some vertices and negative at others.

    A unit of one weak sign splits nothing; where it also vanishes it must not tell
    faces apart. A unit that splits and vanishes at a vertex is a tie.
    """
    splits = kinks & (low < 0.0) & (high > 0.0)
    splits[np.isin(first_unit + np.arange(len(kinks)), state.walls)] = False
    state.forget(first_unit + np.flatnonzero(~splits))
    ties = np.flatnonzero(splits & zero)
    if len(ties):
        unit = place_of(network.widths, first_unit + int(ties[0]))
        raise NotGenericError(
            f"{unit_name(unit)} is exactly zero at a vertex of the partition that it "
            "also crosses."
        )
    return np.flatnonzero(splits)


def plain_survey(
    pre: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sign words of a block, and per unit the extremes and whether it vanishes."""
    return sign_words(pre)[:, 0], pre.min(0), pre.max(0), (pre == 0.0).any(0)
