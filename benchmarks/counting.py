"""What it costs training to count the regions of every network at every epoch.

Run: python -m benchmarks.counting --networks 256

An ensemble learns the ring, alone; its networks are counted, alone; then both at once,
as `training.counting` does it: the device trains the next epoch while the host's cores
count the networks of the last one. The initial networks are made before. Seconds are by
the clock, and of processors, which other programs on the machine disturb less.

Where the device is the host, a thread trains and another one counts (`--threads 1`).
"Beside" is then the share of the training's processor seconds that were spent while the
host counted.
"""

import argparse
import functools
import os
import time
from collections.abc import Callable
from typing import Any

COLUMNS = "networks", "updates an epoch", "regions at the end"
COLUMNS += ("training, s / CPU s", "counting, s / CPU s", "both, s / CPU s", "beside")


def cheapest(work: Callable[[], Any], repeats: int = 3) -> tuple[float, float]:
    """Least seconds by the clock, and of processors, after a call that compiles."""
    import jax

    clock, processor = [], []
    jax.block_until_ready(work())
    for _ in range(repeats):
        begin, start = time.perf_counter(), time.process_time()
        jax.block_until_ready(work())
        clock.append(time.perf_counter() - begin)
        processor.append(time.process_time() - start)
    return min(clock), min(processor)


class Beside:
    """Calls a function, and adds up what other threads do meanwhile.

    Attributes:
        seconds: Processor seconds of other threads during the calls.
    """

    def __init__(self, function: Any):
        self._function, self.seconds = function, 0.0

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What the function returns."""
        start = time.process_time() - time.thread_time()
        result = self._function(*args, **options)
        self.seconds += time.process_time() - time.thread_time() - start
        return result


def measure(widths: tuple[int, ...], networks: int, epochs: int, batch: int) -> str:
    """A line of the table."""
    import jax
    import jax.numpy as jnp

    from regions.domains.shapes import Box
    from regions.enumeration.many import count_many
    from training import counting as counting_module
    from training.config import ModelConfig, TrainingConfig
    from training.counting import count_during_training
    from training.datasets import ring_image, sample_points
    from training.ensemble import (
        ensemble_networks,
        init_ensemble,
        train_ensemble_block,
    )
    from training.fit import updates_per_epoch
    from training.loop import shuffle_key, to_device, without_length

    seeds, data = range(networks), sample_points(ring_image(), 5000, 1000, seed=0)
    model = ModelConfig(widths=widths)
    config = TrainingConfig(model=model, batch_size=batch, epochs=epochs)
    points, static, box = to_device(data), without_length(config), Box.cube(2)
    keys = jnp.stack([shuffle_key(seed) for seed in seeds])

    start = init_ensemble(config, seeds)
    counting_module.init_ensemble = lambda config, seeds: start

    def train() -> Any:
        state = start
        for _ in range(epochs):
            state, _losses = train_ensemble_block(state, points, keys, static, 1)
        return state

    there = ensemble_networks(jax.block_until_ready(train()).params, config)
    count = functools.partial(count_many, there, box)
    regions = sum(map(int, count()))
    trained = cheapest(train)

    def count_all() -> None:
        # As often as beside the training: before the first epoch, too.
        for _ in range(epochs + 1):
            count()

    counted = cheapest(count_all)
    together = functools.partial(count_during_training, config, data, seeds, box)
    both = cheapest(together)
    beside = counting_module.count_many = Beside(count_many)
    together()
    cells = [f"{networks} of 2-{list(widths)}", str(updates_per_epoch(config, data))]
    cells.append(f"{regions:,}")
    cells += [f"{s:.2f} / {cpu:.2f}" for s, cpu in (trained, counted, both)]
    cells.append(f"{beside.seconds / trained[1]:.0%}")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What counting costs training.")
    parser.add_argument("--networks", type=int, default=256)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 16])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, help="of training and of counting, each")
    options = parser.parse_args()
    if options.threads:
        # Read when JAX and the engines are loaded.
        one = " --xla_cpu_multi_thread_eigen=false" if options.threads == 1 else ""
        os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + one
        os.environ["RELU_REGIONS_THREADS"] = str(options.threads)
    print(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    widths = tuple(options.widths)
    print(measure(widths, options.networks, options.epochs, options.batch))


if __name__ == "__main__":
    main()
