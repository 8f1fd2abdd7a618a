"""Where an atlas comes from: run folders, network files, and a domain."""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

import regions
from experiments.atlas.contents import Atlas, Points, Series
from experiments.atlas.partition import Partition, find_partition
from experiments.atlas.solids import find_solid
from experiments.measures.unit_square import UNIT_SQUARE, sample_image
from experiments.ring import NAME
from experiments.ring.study import Config
from experiments.running.common import RunFolderError, read_record
from experiments.running.settings import shape_name
from regions.domains.shapes import BoundedDomain
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.loop import init_state
from training.models import params_to_relu_network
from training.progress import Progress, quiet
from training.snapshots import SnapshotStore, read_metrics

MAX_LOSS_ROWS = 1000
"""Losses drawn below the slider; more would not be seen."""


def is_ring_run(path: pathlib.Path) -> bool:
    """Whether a folder holds a run of `experiments.ring`."""
    file = path / "config.json"
    return file.is_file() and read_record(file).get("experiment") == NAME


def ring_config(folder: pathlib.Path) -> Config:
    """The configuration of a run of the ring.

    Raises:
        RunFolderError: If `config.json` is not one.
    """
    data = read_record(folder / "config.json")
    try:
        config = data["config"]
        training = dict(config["training"])
        model = dict(training.pop("model"))
        model["widths"] = tuple(model["widths"])
        optimizer = OptimizerConfig(**training.pop("optimizer"))
        return Config(
            training=TrainingConfig(
                model=ModelConfig(**model), optimizer=optimizer, **training
            ),
            data=DataConfig(**config["data"]),
            grid=config["grid"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"{folder / 'config.json'} is no configuration of the ring ({error}): run "
            "relu-regions ring again."
        ) from error


def ring_atlas(
    folder: pathlib.Path, progress: Progress, *, snapshots: bool = True
) -> Atlas:
    """The atlas of a run of the ring: its snapshots, points, mistakes and losses."""
    config = ring_config(folder)
    epochs, networks = _ring_networks(folder, config, snapshots=snapshots)
    frames = _find_all(networks, UNIT_SQUARE, _named(folder, epochs), progress)
    _, data = sample_image(config.data)
    points = [
        _image_points("training", data.train_inputs, data.train_targets, networks),
        _image_points("validation", data.val_inputs, data.val_targets, networks),
    ]
    return Atlas(
        title=f"{folder.name}: activation regions of {_shape(networks[-1])}",
        domain=UNIT_SQUARE,
        series=[Series(folder.name, frames, epochs)],
        points=points,
        losses=_losses(folder, config, epochs),
        threshold=0.5,
        y_down=True,
    )


def _ring_networks(
    folder: pathlib.Path, config: Config, *, snapshots: bool
) -> tuple[list[float], list[regions.ReluNetwork]]:
    """Epochs and networks of all snapshots, or of the end alone."""
    last = float(config.training.epochs)
    if not snapshots or not (folder / "snapshots").is_dir():
        return [last], [regions.load_network(folder / "network.npz")]
    like, model = init_state(config.training), config.training.model
    with SnapshotStore(folder / "snapshots") as store:
        epochs = store.epochs()
        states = [store.restore(epoch, like) for epoch in epochs]
    if not states:
        raise RunFolderError(f"{folder / 'snapshots'} holds no snapshot: run again.")
    networks = [params_to_relu_network(state.params, model) for state in states]
    return [float(epoch) for epoch in epochs], networks


def _named(folder: pathlib.Path, epochs: Sequence[float]) -> list[str]:
    """What each snapshot is called."""
    return [f"{folder.name}, epoch {epoch:g}" for epoch in epochs]


def _find_all(
    networks: Sequence[regions.ReluNetwork],
    domain: BoundedDomain,
    names: Sequence[str],
    progress: Progress,
) -> list[Partition]:
    """The partition of each network on one domain."""
    # Of one or two networks each is as long as its regions are many.
    each, all_of_them = (progress, quiet) if len(networks) <= 2 else (quiet, progress)
    found = []
    for network, name in zip(networks, names, strict=True):
        all_of_them(len(found), len(networks), "regions of all networks")
        found.append(find_partition(network, domain, name, each))
    all_of_them(len(networks), len(networks), "regions of all networks")
    return found


def _image_points(
    name: str, inputs: Any, targets: Any, networks: Sequence[regions.ReluNetwork]
) -> Points:
    """Pixels, with class 1 for the light ones, and who errs on them."""
    positions = np.asarray(inputs, np.float32)
    light = np.asarray(targets)[:, 0] > 0.5
    wide = positions.astype(np.float64)
    mistakes = [(network(wide)[:, 0] > 0.5) != light for network in networks]
    return Points(name, positions, light.astype(np.int32), np.array(mistakes))


def _losses(
    folder: pathlib.Path, config: Config, snapshots: Sequence[float]
) -> np.ndarray:
    """Epoch, training and validation loss; thinned out, but for those of snapshots.

    The page shows the last row that is not after a snapshot, which is then its own.
    """
    last = config.training.epochs
    losses = read_metrics(folder / "metrics.csv", last)
    epochs = np.arange(1, last + 1, dtype=np.float32)
    table = np.column_stack([epochs, losses]).astype(np.float32)
    kept = np.isin(epochs, snapshots)
    kept[:: max(1, -(-last // MAX_LOSS_ROWS))] = True
    return table[kept]


def _names(files: Sequence[pathlib.Path]) -> list[str]:
    """What one network, or each of two, is called.

    Raises:
        ValueError: If there are more than two.
    """
    if not 1 <= len(files) <= 2:
        raise ValueError(f"{len(files)} networks were given: one or two are required.")
    names = [file.stem if file.is_file() else file.name for file in files]
    return names if len(set(names)) == len(names) else [str(file) for file in files]


def network_atlas(
    files: Sequence[pathlib.Path],
    networks: Sequence[regions.ReluNetwork],
    domain: BoundedDomain,
    progress: Progress,
) -> Atlas:
    """The atlas of one network, or of two to compare, on a 2-D domain.

    Args:
        files: Where the networks were read from; they give them their names.
        networks: One or two.
        domain: A domain of dimension 2.
        progress: Called with (done, total, what is being done).

    Raises:
        ValueError: If there are more than two, or one does not fit the domain.
    """
    names = _names(files)
    frames = _find_all(networks, domain, names, progress)
    return Atlas(
        title=" and ".join(names),
        domain=domain,
        series=[
            Series(name, [frame], [0.0])
            for name, frame in zip(names, frames, strict=True)
        ],
    )


def compare_rings(folders: Sequence[pathlib.Path], progress: Progress) -> Atlas:
    """Two runs of the ring at their ends, with the points of the first."""
    first, second = (
        ring_atlas(folder, progress, snapshots=False) for folder in folders
    )
    return Atlas(
        title=f"{folders[0].name} and {folders[1].name}",
        domain=first.domain,
        series=[*first.series, *second.series],
        points=first.points,
        threshold=first.threshold,
        y_down=True,
    )


def solid_atlas(
    files: Sequence[pathlib.Path],
    networks: Sequence[regions.ReluNetwork],
    box: regions.Box,
    threshold: float,
    progress: Progress,
) -> Atlas:
    """The atlas of one network of three inputs, or of two: complexes to cut by planes.

    Args:
        files: Where the networks were read from; they give them their names.
        networks: One or two.
        box: Three-dimensional.
        threshold: Output on the decision surface, of a network of one output.
        progress: Called with (done, total, what is being done).

    Raises:
        ValueError: If there are more than two, or one does not fit the box.
    """
    from experiments.atlas.surface import decision_surface

    names = _names(files)
    solids = [
        find_solid(network, box, name, progress)
        for name, network in zip(names, networks, strict=True)
    ]
    progress(0, 1, "finding the decision surface")
    surface = decision_surface(solids[0], threshold)
    progress(1, 1, "finding the decision surface")
    return Atlas(
        title=" and ".join(names),
        domain=box,
        series=[Series(solid.name, solid=solid) for solid in solids],
        threshold=threshold,
        surface=surface,
    )


def plane(box: regions.Box, axis: int, value: float) -> regions.Slice:
    """The plane on which coordinate `axis` is `value`, the others being its chart."""
    kept = [i for i in range(3) if i != axis]
    origin = np.zeros(3)
    origin[axis] = value
    return regions.Slice(
        origin, np.eye(3)[kept], regions.Box(box.lower[kept], box.upper[kept])
    )


def _shape(network: regions.ReluNetwork) -> str:
    """Widths as people write them."""
    widths = network.widths
    if len(set(widths)) == 1 and len(widths) > 1:
        return f"{len(widths)} layers of {widths[0]}"
    return shape_name(widths) or "an affine map"
