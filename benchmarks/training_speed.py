"""Updates per second: one run, sixteen one after another, an ensemble, and PyTorch.

Run: python benchmarks/training_speed.py

All do the same: shuffled batches of the ring's points, squared error, Adam, and the
validation loss once an epoch. PyTorch runs eagerly in a plain loop over an
`nn.Sequential`; its number is the better one of one thread and all threads. Programs
are compiled before they are timed; the time of that is printed apart. Each number is
the best of several rounds in which all take turns, so that other work on the machine
meets all of them alike.

With XLA_FLAGS=--xla_force_host_platform_device_count=2 an ensemble is spread over two
cores.
"""

import argparse
import dataclasses
import itertools
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import torch

from training.config import ModelConfig, TrainingConfig
from training.datasets import Dataset, ring_image, sample_points
from training.ensemble import init_ensemble, train_ensemble_block
from training.fit import updates_per_epoch
from training.loop import (
    init_state,
    shuffle_key,
    to_device,
    train_block,
    without_length,
)

NETWORKS: dict[str, tuple[int, ...]] = {
    "14x6": (14,) * 6,
    "20x40": (20,) * 40,
    "500x1": (500,),
}
HEAD = (
    "| network | batch | one run | PyTorch | one run / PyTorch | 16 runs in turn "
    "| ensemble of 16 | ensemble / in turn | compile, s |"
)


def one_run(config: TrainingConfig, data: Dataset, epochs: int) -> Callable[[], object]:
    """Trains one network."""
    points, key = to_device(data), shuffle_key(config.seed)
    state, static = init_state(config), without_length(config)
    return lambda: jax.block_until_ready(
        train_block(state, points, key, static, epochs)
    )


def ensemble(
    config: TrainingConfig, data: Dataset, epochs: int, size: int
) -> Callable[[], object]:
    """Trains all networks of an ensemble."""
    points, seeds = to_device(data), range(size)
    keys = jnp.stack([shuffle_key(seed) for seed in seeds])
    state, static = init_ensemble(config, seeds), without_length(config)
    return lambda: jax.block_until_ready(
        train_ensemble_block(state, points, keys, static, epochs)
    )


def torch_run(
    config: TrainingConfig, data: Dataset, epochs: int, threads: int
) -> Callable[[], object]:
    """The same loop in eager PyTorch."""
    sizes = [config.model.input_dim, *config.model.widths]
    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.LeakyReLU(0.01)]
    layers.append(torch.nn.Linear(sizes[-1], config.model.output_dim))
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.optimizer.learning_rate)
    loss = torch.nn.MSELoss()
    x, y, val_x, val_y = (torch.from_numpy(array.copy()) for array in data)
    batch_size = config.batch_size or len(x)

    def run() -> None:
        torch.set_num_threads(threads)
        for _ in range(epochs):
            order = torch.randperm(len(x))
            for start in range(0, len(x), batch_size):
                chosen = order[start : start + batch_size]
                optimizer.zero_grad()
                loss(model(x[chosen]), y[chosen]).backward()
                optimizer.step()
            with torch.no_grad():
                loss(model(val_x), val_y)

    return run


def seconds(call: Callable[[], object]) -> float:
    """Time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(name: str, batch_size: int, epochs: int, size: int, rounds: int) -> str:
    """One row of the table."""
    config = TrainingConfig(
        model=ModelConfig(widths=NETWORKS[name]), batch_size=batch_size
    )
    data = sample_points(ring_image(), 5000, 1000, seed=0)
    updates = epochs * updates_per_epoch(config, data)
    runs = [
        one_run(dataclasses.replace(config, seed=seed), data, epochs)
        for seed in range(size)
    ]
    calls = {
        "one": runs[0],
        "torch": torch_run(config, data, epochs, 1),
        "torch, all threads": torch_run(config, data, epochs, torch.get_num_threads()),
        "turn": lambda: [run() for run in runs],
        "ensemble": ensemble(config, data, epochs, size),
    }
    first = {key: seconds(call) for key, call in calls.items()}
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for key, call in calls.items():
            best[key] = min(best[key], seconds(call))
    rate = {
        key: updates * (size if key in ("turn", "ensemble") else 1) / best[key]
        for key in calls
    }
    rate["torch"] = max(rate["torch"], rate.pop("torch, all threads"))
    compiling = first["one"] - best["one"]
    return (
        f"| {name} | {batch_size:,} | {rate['one']:,.0f} | {rate['torch']:,.0f} "
        f"| {rate['one'] / rate['torch']:.1f} | {rate['turn']:,.0f} "
        f"| {rate['ensemble']:,.0f} | {rate['ensemble'] / rate['turn']:.1f} "
        f"| {compiling:.1f} |"
    )


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description="Time training.")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--batches", nargs="+", type=int, default=[1024, 128, 16])
    parser.add_argument("--seeds", type=int, default=16, help="of the ensemble")
    parser.add_argument("--epochs", type=int, default=4, help="timed at once")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"updates per second; {jax.default_backend()}, torch {torch.__version__}")
    print(HEAD)
    print("|" + " --- |" * (HEAD.count("|") - 1))
    for name in options.networks:
        for batch in options.batches:
            # Small batches are many: fewer epochs take as long.
            epochs = max(1, options.epochs * batch // 1024)
            row = measure(name, batch, epochs, options.seeds, options.rounds)
            print(row, flush=True)


if __name__ == "__main__":
    main()
