"""The sweep as an accelerator would run it, against the sweep on the host.

Run: python -m benchmarks.device_sweep tests/data/nets/{d2_64x3,d3_32x2,d3_64x2}.npz
     python -m benchmarks.device_sweep 3-128-128         (a random network)

An accelerator wants arrays of fixed size. So vertices and edges lie in arrays of some
capacity, a power of two, and each unit is inserted by one compiled step for each
combination of capacities (JAX, 64 bits): find the edges cut, append vertices, sort face
keys, append edges. The host asks how many edges a unit cuts, and picks the step. The
table tells what that costs wherever it runs: compiled variants, bytes that the steps
read and write by XLA's own account, the share of rows that only fill up capacities, and
the times of both forms here, by the clock. Both find the same regions.
"""

import argparse
import functools
import itertools
import pathlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from regions.domains.shapes import Box
from regions.enumeration.sweep.grow import sweep
from regions.io import load_network
from regions.network import ReluNetwork

HEAD = (
    "| network | regions | compile, s | host sweep, s | device form, s | variants "
    "| GB moved | bytes/edge/unit | rows used | edges cut / capacity |"
)
T = TypeVar("T")

LEAST = 256
"""Smallest capacity: smaller ones would only add compilations."""


class Complex(NamedTuple):
    """Vertices and edges in arrays of fixed capacity; the first rows count.

    Attributes:
        positions: `(vertices, dim)`.
        pre: `(vertices, units)`, pre-activations of the layer in progress.
        zeros: `(vertices, dim)`, facets and units that vanish there.
        ends: `(edges, 2)`.
        edge_zeros: `(edges, dim - 1)`.
        keys: `(edges,)`, sums of random words of the signs and zeros of each edge.
    """

    positions: jax.Array
    pre: jax.Array
    zeros: jax.Array
    ends: jax.Array
    edge_zeros: jax.Array
    keys: jax.Array


@jax.jit
def count_cut(pre: jax.Array, ends: jax.Array, edges: jax.Array, unit: jax.Array):
    """How many edges the unit cuts."""
    on = pre[:, unit] > 0.0
    valid = jnp.arange(len(ends)) < edges
    return (valid & (on[ends[:, 0]] != on[ends[:, 1]])).sum()


@functools.partial(jax.jit, static_argnames=("capacity", "facets"), donate_argnums=0)
def insert(
    state: Complex,
    sizes: tuple[jax.Array, jax.Array],
    unit: jax.Array,
    name: jax.Array,
    words: tuple[jax.Array, jax.Array],
    capacity: int,
    facets: int,
) -> tuple[Complex, jax.Array]:
    """Insert one unit; also gives the number of new edges.

    Args:
        state: The complex so far.
        sizes: Vertices and edges that count.
        unit: Column of the unit.
        name: Its number among all zeros.
        words: Random words, by zero: of a positive sign, and of a zero.
        capacity: Edges that it cuts at most.
        facets: Zeros below this are facets of the domain, which have one side.
    """
    vertices, edges = sizes
    positive, zero = words
    on = state.pre[:, unit] > 0.0
    first, second = state.ends[:, 0], state.ends[:, 1]
    crossed = (jnp.arange(len(first)) < edges) & (on[first] != on[second])
    cut = jnp.nonzero(crossed, size=capacity, fill_value=len(first))[0]
    here = jnp.arange(capacity) < crossed.sum()
    u, v = first.at[cut].get(mode="clip"), second.at[cut].get(mode="clip")
    low, high = state.pre[u, unit], state.pre[v, unit]
    t = jnp.where(here, low / jnp.where(here, low - high, 1.0), 0.0)[:, None]
    new = jnp.where(here, vertices + jnp.arange(capacity), len(state.pre))
    pre = (state.pre[u] * (1.0 - t) + state.pre[v] * t).at[:, unit].set(0.0)
    at = state.positions[u] * (1.0 - t) + state.positions[v] * t
    old_zeros = state.edge_zeros.at[cut].get(mode="clip")
    old_keys = state.keys.at[cut].get(mode="clip")
    this = jnp.full((capacity, 1), name, old_zeros.dtype)

    face, vertex, rest = _faces(old_keys, old_zeros, new, here, words, facets)
    pairs = 2 * jnp.arange(len(face) // 2)
    made = vertex[pairs] < len(state.pre)
    crossing = jnp.concatenate(
        [rest[pairs], jnp.full((len(pairs), 1), name, rest.dtype)], axis=1
    )
    # The unit's sign on the edges that it does not cut, and on both halves of others.
    keys = state.keys + jnp.where(on[first] | on[second], positive[name], 0)
    keys = keys.at[cut].set(old_keys + jnp.where(on[u], positive[name], 0), mode="drop")
    half = old_keys + jnp.where(on[v], positive[name], 0)
    place = jnp.where(here, edges + jnp.arange(capacity), len(first))
    inside = edges + crossed.sum() + jnp.arange(len(pairs))
    inside = jnp.where(made, inside, len(first))
    ends = state.ends.at[cut, 1].set(new.astype(state.ends.dtype), mode="drop")
    ends = ends.at[place].set(jnp.stack([new, v], 1).astype(ends.dtype), mode="drop")
    across = jnp.stack([vertex[pairs], vertex[pairs + 1]], 1)
    ends = ends.at[inside].set(across.astype(ends.dtype), mode="drop")
    edge_zeros = state.edge_zeros.at[place].set(old_zeros, mode="drop")
    edge_zeros = edge_zeros.at[inside].set(crossing, mode="drop")
    keys = keys.at[place].set(half, mode="drop")
    keys = keys.at[inside].set(face[pairs] + zero[name], mode="drop")
    state = Complex(
        state.positions.at[new].set(at, mode="drop"),
        state.pre.at[new].set(pre, mode="drop"),
        state.zeros.at[new].set(jnp.concatenate([old_zeros, this], 1), mode="drop"),
        ends,
        edge_zeros,
        keys,
    )
    return state, crossed.sum() + made.sum()


def _faces(
    keys: jax.Array,
    zeros: jax.Array,
    new: jax.Array,
    here: jax.Array,
    words: tuple[jax.Array, jax.Array],
    facets: int,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The 2-faces around the edges cut, sorted by key: equal neighbors are pairs."""
    positive, zero = words
    face, rest, valid = [], [], []
    for k in range(zeros.shape[1]):
        free, others = zeros[:, k], jnp.delete(zeros, k, axis=1)
        opened = keys - zero[free]
        face += [opened, opened + positive[free]]
        valid += [here & (free >= facets), here]
        rest += [others, others]
    is_face = jnp.concatenate(valid)
    # What is no face goes to the end.
    order = jnp.lexsort((jnp.concatenate(face), ~is_face))
    vertex = jnp.where(is_face, jnp.tile(new, len(face)), jnp.iinfo(new.dtype).max)
    return jnp.concatenate(face)[order], vertex[order], jnp.concatenate(rest)[order]


def power(size: int) -> int:
    """The capacity for so many rows."""
    return max(LEAST, 1 << (size - 1).bit_length())


def grown(array: jax.Array, rows: int) -> jax.Array:
    """The array with more rows, of zeros."""
    return jnp.pad(array, [(0, rows - len(array))] + [(0, 0)] * (array.ndim - 1))


class Run:
    """One sweep of the device form, and what it took."""

    def __init__(self, network: ReluNetwork):
        self.variants: dict[Any, float] = {}
        self.bytes_moved = self.used = self.room = self.cut = self.cut_room = 0.0
        self._polytope = Box.cube(network.input_dim).polytope()
        self._network = network

    def sweep(self, account: bool) -> tuple[Complex, int, int]:
        """The complex; with `account`, the bytes of each step are added up, too."""
        polytope, network = self._polytope, self._network
        facets, rng = len(polytope.b), np.random.default_rng(0)
        shape = facets + sum(network.widths)
        table = rng.integers(0, 2**64, (2, shape), dtype=np.uint64)
        table[0, :facets] = 0
        words = (jnp.asarray(table[0]), jnp.asarray(table[1]))
        vertices, edges = len(polytope.vertices), len(polytope.edges)
        zeros = polytope.edge_facets.astype(np.int32)
        state = Complex(
            jnp.asarray(polytope.vertices),
            jnp.zeros((vertices, 0)),
            jnp.asarray(polytope.vertex_facets.astype(np.int32)),
            jnp.asarray(polytope.edges.astype(np.int32)),
            jnp.asarray(zeros),
            jnp.asarray(table[1][zeros].sum(1)),
        )
        inputs, name = state.positions, facets
        for layer in network.hidden:
            pre = inputs @ layer.weight.T + layer.bias
            state = state._replace(pre=pre)
            for unit in range(layer.width):
                cut = int(count_cut(state.pre, state.ends, edges, unit))
                if cut:
                    room = power(cut)
                    state = self._room(state, vertices + cut, edges, room)
                    how = (state, (vertices, edges), unit, name, words, room, facets)
                    if account:
                        self._account(how, vertices, edges, cut)
                    state, new = insert(*how)
                    vertices, edges = vertices + cut, edges + int(new)
                name += 1
            inputs = jnp.maximum(state.pre, 0.0)
        return state, vertices, edges

    def _room(self, state: Complex, vertices: int, edges: int, cut: int) -> Complex:
        """The state with room for what a unit adds."""
        most = edges + cut * state.zeros.shape[1]
        rows, lines = power(vertices), power(most)
        if rows > len(state.pre):
            state = state._replace(
                positions=grown(state.positions, rows),
                pre=grown(state.pre, rows),
                zeros=grown(state.zeros, rows),
            )
        if lines > len(state.ends):
            state = state._replace(
                ends=grown(state.ends, lines),
                edge_zeros=grown(state.edge_zeros, lines),
                keys=grown(state.keys, lines),
            )
        return state

    def _account(self, how: tuple, vertices: int, edges: int, cut: int) -> None:
        """Add up rows, and bytes by XLA's account of the compiled step."""
        state, room = how[0], how[5]
        shape = (state.pre.shape, state.ends.shape, room)
        if shape not in self.variants:
            cost: Any = insert.lower(*how).compile().cost_analysis()
            self.variants[shape] = float(cost["bytes accessed"])
        self.bytes_moved += self.variants[shape]
        self.used += edges
        self.room += len(state.ends)
        self.cut += cut
        self.cut_room += room


def count(state: Complex, vertices: int, edges: int) -> int:
    """Regions, each at its lowest vertex, on the host."""
    positions = np.asarray(state.positions)[:vertices]
    zeros, ends = np.asarray(state.zeros)[:vertices], np.asarray(state.ends)[:edges]
    heights = positions @ np.random.default_rng(7).standard_normal(positions.shape[1])
    low = ends[np.arange(edges), np.argmin(heights[ends], axis=1)]
    kept = np.zeros((edges, zeros.shape[1]), bool)
    for column in np.asarray(state.edge_zeros)[:edges].T:
        kept |= zeros[low] == column[:, None]
    rising = np.zeros_like(zeros)
    np.add.at(rising, (low, np.argmin(kept, axis=1)), 1)
    return int(rising.prod(1).sum())


def timed(function: Callable[[], T]) -> tuple[float, T]:
    """Seconds of a call, and its result."""
    begin = time.perf_counter()
    result = function()
    return time.perf_counter() - begin, result


def random_network(name: str) -> ReluNetwork:
    """A He-normal network of such sizes, with one output more."""
    sizes, rng = [*map(int, name.split("-")), 1], np.random.default_rng(0)
    pairs = list(itertools.pairwise(sizes))
    weights = [rng.normal(0, np.sqrt(2 / i), (o, i)) for i, o in pairs]
    return ReluNetwork.from_arrays(weights, [rng.normal(0, 0.3, o) for _, o in pairs])


def measure(path: str, account: bool, host_runs: int) -> str:
    """One row of the table."""
    network = load_network(path) if path.endswith(".npz") else random_network(path)
    polytope = Box.cube(network.input_dim).polytope()

    def device() -> tuple[Complex, int, int]:
        return jax.block_until_ready(Run(network).sweep(account=False))

    first, (state, vertices, edges) = timed(device)
    times = [timed(device)[0] for _ in range(3)]
    # The host's inner loops are compiled once they have run for a while.
    sweeps = [timed(lambda: sweep(network, polytope)) for _ in range(host_runs)]
    hosts, host = [seconds for seconds, _ in sweeps], sweeps[-1][1]
    if (len(host.vertices), len(host.ends)) != (vertices, edges):
        raise AssertionError(f"{vertices} vertices, {edges} edges; {host}")
    found = count(state, vertices, edges)
    row = (
        f"| {pathlib.Path(path).stem} | {found:,} | {first - min(times):.1f} "
        f"| {min(hosts):.3f} | {min(times):.3f} |"
    )
    if not account:
        return row + " |" * 5
    run = Run(network)
    run.sweep(account=True)
    per_edge = run.bytes_moved / run.used
    return row + (
        f" {len(run.variants)} | {run.bytes_moved / 1e9:.2f} | {per_edge:,.0f} "
        f"| {run.used / run.room:.0%} | {run.cut / run.cut_room:.0%} |"
    )


def main() -> None:
    """Measure each network and print one table."""
    parser = argparse.ArgumentParser(description="Time the device form of the sweep.")
    parser.add_argument("networks", nargs="+", help="files, or sizes as in 3-128-128")
    parser.add_argument(
        "--no-account", action="store_true", help="leave out what compiles again"
    )
    parser.add_argument("--host-runs", type=int, default=5, help="the best counts")
    options = parser.parse_args()
    account, host_runs = not options.no_account, options.host_runs
    jax.config.update("jax_enable_x64", True)
    print(f"device: {jax.devices()[0].device_kind}")
    print(HEAD)
    print("|" + " --- |" * (HEAD.count("|") - 1))
    for path in options.networks:
        print(measure(path, account, host_runs), flush=True)


if __name__ == "__main__":
    main()
