"""Training as a movie: a frame for each snapshot, with the exact partition in it.

A movie is a `Movie`: which data, which panels, what is measured besides. Experiments
override parts of it; `experiments.movies.movie_run` trains, draws and encodes it.

Sources: T. Dullien, two posts on neural networks as origami, 2024-07-04 and 2025-04-05.
"""

import contextlib
import dataclasses
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8

import regions
from experiments.measures.image_fit import image_fit
from experiments.movies.movie_look import Look, look_at
from experiments.plotting.loss_trace import LossTrace
from experiments.plotting.movie_panels import (
    BLUE,
    RED,
    Rgb,
    compose,
    gray_panel,
    paint_points,
    panels_width,
    veil,
)
from training.config import DataConfig, TrainingConfig
from training.datasets import Dataset, load_image, sample_points
from training.fit import fit
from training.loop import init_state
from training.models import params_to_relu_network
from training.progress import Progress
from training.snapshots import SnapshotStore


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MovieConfig:
    """What identifies a movie.

    Attributes:
        training: Network, optimizer and length; its `snapshot_every` is the number of
            epochs between two frames.
        slow: Epochs from and up to which there is a frame of each snapshot; None for
            all.
        skip: Outside of them only one snapshot in so many has a frame.
        data: Image and sampled points.
        panel: Side of a panel in pixels; None for that of the image.
        max_regions: A frame with more regions shows the codes on its grid instead of
            the exact partition.
        fps: Frames per second.
        gif_width: Width of the GIF in pixels.
        gif_frames: Frames of the GIF, at most.
        gif_colors: Colors of the GIF.
    """

    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    panel: int | None = None
    slow: tuple[int, int] | None = None
    skip: int = 1
    max_regions: int = 20_000
    fps: int = 24
    gif_width: int = 720
    gif_frames: int = 40
    gif_colors: int = 48

    def __post_init__(self):
        for name in (
            "skip",
            "max_regions",
            "fps",
            "gif_width",
            "gif_frames",
            "gif_colors",
        ):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` is {getattr(self, name)}: at least 1 is required."
                )


class Scene(NamedTuple):
    """What a movie is about, the same in all its frames.

    Attributes:
        image: What is learned, as gray values or classes, in the size of a panel.
        data: The sampled points.
    """

    image: UInt8[np.ndarray, "height width"]
    data: Dataset


MAX_LAYERS = 1000
_SHAPE_PART = re.compile(r"\[(?P<widths>\d{1,6}(,\d{1,6})*)\](\*(?P<times>\d{1,6}))?")

Row = dict[str, Any]
"""Numbers of one frame, a line of `frames.csv`."""


class Movie:
    """The three panels of the posts.

    Others override its methods.

    Attributes:
        config: What is trained and shown.
        shown: Panel that the figure of the experiment shows, as (row, column).
        beside: Whether the figure shows the output alone and the image, too.
        origin: Both coordinates of the unit square's point that is the origin of what
            the network is trained on; 0 is the corner, as in the posts.
    """

    shown: tuple[int, int] = (0, 0)
    beside: bool = True
    origin: float = 0.0

    def __init__(self, config: MovieConfig):
        self.config = config

    def load_scene(self) -> Scene:
        """The image and its points; raises what can be wrong with the input."""
        data = self.config.data
        image = load_image(data)
        points = sample_points(image, data.num_train, data.num_val, data.seed)
        if self.config.panel is not None:
            image = load_image(dataclasses.replace(data, size=self.config.panel))
        return Scene(image, points)

    def training_data(self, scene: Scene) -> Dataset:
        """The points as the network is trained on them."""
        if not self.origin:
            return scene.data
        shift = np.float32(self.origin)
        return scene.data._replace(
            train_inputs=scene.data.train_inputs - shift,
            val_inputs=scene.data.val_inputs - shift,
        )

    def network(self, params: Any) -> regions.ReluNetwork:
        """The network that parameters describe, on the unit square."""
        found = params_to_relu_network(params, self.config.training.model)
        if not self.origin:
            return found
        biases = [layer.bias for layer in found.layers]
        biases[0] = biases[0] - self.origin * found.layers[0].weight.sum(axis=1)
        return regions.ReluNetwork.from_arrays(
            [layer.weight for layer in found.layers],
            biases,
            slopes=[layer.slopes for layer in found.hidden],
        )

    def train(self, scene: Scene, folder: pathlib.Path, progress: Progress) -> None:
        """Train; leave `metrics.csv`, and what `snapshots` reads, in `folder`."""
        fit(self.config.training, self.training_data(scene), folder, progress)

    @contextlib.contextmanager
    def snapshots(self, folder: pathlib.Path) -> Iterator[Callable[[int], Any]]:
        """What gives the parameters of an epoch that has a frame."""
        like = init_state(self.config.training)
        with SnapshotStore(folder / "snapshots") as store:
            yield lambda epoch: store.restore(epoch, like).params

    def draw(
        self, look: Look, network: regions.ReluNetwork, scene: Scene
    ) -> tuple[list[list[Rgb]], Row]:
        """Rows of panels, and numbers besides losses and regions.

        Output with boundaries, output, and original with the points.
        """
        output = gray_panel(look.outputs[0])
        lines = veil(output, look.boundaries, RED)
        quality = image_fit(look.outputs[0], scene.image)
        return (
            [[lines, output, dotted(gray_panel(scene.image / 255.0), scene)]],
            {"image_mse": quality.mse, "pixel_accuracy": quality.accuracy},
        )

    def marked(self, panel: Rgb) -> Bool[np.ndarray, "height width"] | None:
        """Boundary pixels of the shown panel; None where lines are no pixels'."""
        # All others are gray.
        return np.asarray(panel[..., 0] != panel[..., 1])

    def tables(
        self, networks: Iterator[tuple[int, regions.ReluNetwork]]
    ) -> dict[str, list[Row]]:
        """Tables besides `frames.csv`, by file name.

        Args:
            networks: Epoch and network of each frame.
        """
        del networks
        return {}

    def words(self, row: Row) -> list[str]:
        """What the text says of these numbers; of one length in all frames."""
        return [f"Image MSE {row['image_mse']:.4f}"]

    def summarize(self, rows: list[Row], scene: Scene) -> Row:
        """What the summary says besides; may hold `claims` and `headline`."""
        return {}


def dotted(panel: Rgb, scene: Scene) -> Rgb:
    """A panel with the training points in red and the validation points in blue."""
    panel = paint_points(panel, scene.data.train_inputs, RED)
    return paint_points(panel, scene.data.val_inputs, BLUE)


def draw_frame(
    movie: Movie,
    scene: Scene,
    network: regions.ReluNetwork,
    epoch: int,
    losses: tuple[float, float],
    trace: LossTrace | None = None,
) -> tuple[Rgb, Row]:
    """One frame and its numbers.

    Args:
        movie: What to show.
        scene: Of the movie.
        network: At this epoch.
        epoch: The epoch.
        losses: Training and validation loss there.
        trace: What is shown of the whole training below the panels.
    """
    look = look_at(network, scene.image.shape, movie.config.max_regions)
    panels, numbers = movie.draw(look, network, scene)
    row = {
        "epoch": epoch,
        "train_loss": losses[0],
        "val_loss": losses[1],
        "regions": look.count,
        "exact": int(look.is_exact),
        "boundary_share": float(look.boundaries.mean()),
        "lowest_output": float(look.outputs.min()),
        "highest_output": float(look.outputs.max()),
        "constant": int(look.is_constant),
        "dead_units": look.dead_units,
        "dead_layer": look.dead_layer,
        **numbers,
    }
    strip = None if trace is None else trace.at(epoch, panels_width(panels))
    return compose(panels, frame_text(movie, row), alarm(row), strip), row


def frame_text(movie: Movie, row: Row) -> list[list[str]]:
    """Lines of a frame, each number in a field of one width."""
    training, data = movie.config.training, movie.config.data
    digits = len(str(training.epochs))
    kind = "exact" if row["exact"] else "at least"
    lines = "exact enumeration" if row["exact"] else "code differences on the grid"
    return [
        [
            f"Epoch {row['epoch']:{digits}d}",
            f"Train Loss {row['train_loss']:.4f}",
            f"Val Loss {row['val_loss']:.4f}",
            *movie.words(row),
            f"Regions {row['regions']:6,d} ({kind})",
            f"Boundaries: {lines:<28}",
        ],
        [
            f"Shape {shape_text(training.model.widths)}",
            f"Seed {training.seed}",
            f"Points {data.num_train}",
            f"LR {training.optimizer.learning_rate:g}",
            f"Optimizer {training.optimizer.name}",
            f"Batch {training.batch_size or data.num_train}",
        ],
    ]


def alarm(row: Row) -> str:
    """What is wrong with a network that learns nothing, or can learn no more."""
    said = []
    if row["constant"]:
        said.append(f"CONSTANT OUTPUT ({row['lowest_output']:.3g})")
    if row["dead_layer"]:
        said.append(f"DEAD NETWORK (layer {row['dead_layer']} is off everywhere)")
    elif row["dead_units"]:
        said.append(f"{row['dead_units']} dead units")
    return "   ".join(said)


def shape_text(widths: tuple[int, ...]) -> str:
    """Widths as the posts write them: `[10]*10+[2]+[10]*3`."""
    groups: list[list[int]] = []
    for width in widths:
        if groups and groups[-1][0] == width:
            groups[-1][1] += 1
        else:
            groups.append([width, 1])
    parts = [f"[{w}]*{n}" if n > 1 else f"[{w}]" for w, n in groups]
    return "+".join(parts) or "[]"


def parse_shape(text: str) -> tuple[int, ...]:
    """Widths from what `shape_text` writes; nothing is evaluated.

    Raises:
        ValueError: If it is nothing of the kind.

    Example:
        >>> parse_shape("[10]*2 + [2] + [5, 4]")
        (10, 10, 2, 5, 4)
    """
    widths: list[int] = []
    for part in text.replace(" ", "").split("+"):
        match = _SHAPE_PART.fullmatch(part)
        if match is None:
            raise ValueError(
                f"`shape` has the part {part!r}: sums like [14]*6 or "
                "[10]*10+[2]+[10]*3 are required."
            )
        some = [int(width) for width in match["widths"].split(",")]
        widths += some * min(int(match["times"] or 1), MAX_LAYERS + 1)
        if len(widths) > MAX_LAYERS:
            raise ValueError(
                f"`shape` is {text!r}: at most {MAX_LAYERS} layers are allowed."
            )
    if not widths:
        raise ValueError(
            f"`shape` is {text!r}, no layer at all: at least one hidden layer, such as "
            "[14], is required."
        )
    return tuple(widths)


def frame_epochs(config: MovieConfig) -> list[int]:
    """Epochs that have a frame; there is a snapshot of each."""
    training = config.training
    first, last = config.slow or (0, training.epochs)
    every = range(0, training.epochs, training.snapshot_every)
    chosen = [
        e for k, e in enumerate(every) if first <= e <= last or k % config.skip == 0
    ]
    return sorted({*chosen, training.epochs})
