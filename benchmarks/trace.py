"""What a call spends its time on, by JAX's profiler."""

import collections
import gzip
import json
import pathlib
import tempfile
from collections.abc import Callable

import jax

MOST = 12
"""Operations that are named."""


def operations(work: Callable[[], object]) -> list[tuple[float, str]]:
    """Operations with the largest shares of the time of a call that has compiled.

    Of the device's own where it tells them apart, else of all threads of the host.
    Operations of which one holds another are both counted.
    """
    jax.block_until_ready(work())
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder, create_perfetto_trace=True):
            jax.block_until_ready(work())
        (path,) = pathlib.Path(folder).rglob("perfetto_trace.json.gz")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            events = json.load(file)["traceEvents"]
    names = {
        event["pid"]: event["args"]["name"]
        for event in events
        if event.get("name") == "process_name"
    }
    # Functions of Python begin with a dollar.
    timed = [
        event
        for event in events
        if event.get("ph") == "X" and not event["name"].startswith("$")
    ]
    own = [event for event in timed if "device" in names.get(event["pid"], "")]
    seconds: collections.Counter[str] = collections.Counter()
    for event in own or timed:
        seconds[event["name"]] += event["dur"]
    total = max(sum(seconds.values()), 1)
    return [(value / total, name) for name, value in seconds.most_common(MOST)]
