"""What is trained, on what and how: frozen, comparable, writable as JSON."""

import dataclasses
import math

ACTIVATIONS = ("relu", "leaky_relu", "prelu", "abs")
INITIALIZERS = (
    "he_normal",
    "he_normal_small_bias",
    "he_normal_unit_bias",
    "unit_columns",
    "flax",
)
LOSSES = ("mse", "cross_entropy")
OPTIMIZERS = (
    "adam",
    "amsgrad",
    "adamw",
    "sgd",
    "momentum",
    "rmsprop",
    "muon",
    "lux",
)
TRAINED = ("all", "last_layer", "first_biases")


def _check(condition: bool, message: str) -> None:
    """Raise `ValueError(message)` unless `condition` holds."""
    if not condition:
        raise ValueError(message)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise unless `value` is one of `choices`."""
    _check(
        value in choices,
        f"`{name}` is {value!r}: one of {', '.join(choices)} is required.",
    )


def _check_count(name: str, value: int, minimum: int) -> None:
    """Raise unless `value` is an integer of at least `minimum`."""
    _check(
        isinstance(value, int) and value >= minimum,
        f"`{name}` is {value!r}: an integer of at least {minimum} is required.",
    )


def _check_positive(name: str, value: float) -> None:
    """Raise unless `value` is a positive finite number."""
    _check(
        math.isfinite(value) and value > 0.0,
        f"`{name}` is {value}: a positive number is required.",
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """A fully connected network.

    Attributes:
        widths: Units per hidden layer, first to last.
        input_dim: Number of inputs.
        output_dim: Number of outputs, without activation.
        activation: Activation of the hidden units. `prelu` learns one slope per unit;
            `abs` is the absolute value, a slope of -1.
        slope: Slope below zero of `leaky_relu`, and initial slope of `prelu`.
        initializer: `he_normal` draws kernels from a normal law of variance
            2 / fan_in and sets every bias, the output's too, to 0.1, as the origami
            posts do; `he_normal_small_bias` draws the biases from a normal law of
            variance 1e-6, as Hanin & Rolnick (2019) do, and `he_normal_unit_bias` of
            variance 1, as Rolnick & Kording (2020) do. `unit_columns` gives each unit
            weights of norm 1 (the first units of a layer, as many as it has inputs,
            orthogonal ones) and biases uniform on [-1, 1], and the outputs weights of
            norm 0.001 and no bias, as T. C. H. Lux does. `flax` is Flax's default:
            LeCun normal kernels and zero biases. Zero biases put all creases of the
            first layer through the origin.
        init_scale: Factor of the initial kernels of the hidden layers.
        use_bias: Whether layers have biases, the output's too; without them every
            activation region is a cone.
    """

    widths: tuple[int, ...] = (14,) * 6
    input_dim: int = 2
    output_dim: int = 1
    activation: str = "leaky_relu"
    slope: float = 0.01
    initializer: str = "he_normal"
    init_scale: float = 1.0
    use_bias: bool = True

    def __post_init__(self):
        for i, width in enumerate(self.widths):
            _check_count(f"widths[{i}]", width, 1)
        _check_count("input_dim", self.input_dim, 1)
        _check_count("output_dim", self.output_dim, 1)
        _check_choice("activation", self.activation, ACTIVATIONS)
        _check_choice("initializer", self.initializer, INITIALIZERS)
        _check(
            math.isfinite(self.slope) and self.slope != 1.0,
            f"`slope` is {self.slope}: a finite number other than 1 is required (a "
            "unit of slope 1 is affine).",
        )
        _check_positive("init_scale", self.init_scale)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Which image is learned, and from how many of its pixels.

    Attributes:
        image: `ring`, `disc`, `portrait`, or the path of an image file.
        size: Side in pixels of all but a file, which keeps its own size.
        num_train: Training points, distinct pixels.
        num_val: Validation points, distinct pixels and none of the training ones.
        seed: Seed of the choice of pixels.
    """

    image: str = "ring"
    size: int = 1024
    num_train: int = 5000
    num_val: int = 1000
    seed: int = 0

    def __post_init__(self):
        _check(bool(self.image), "`image` is empty: a name or a path is required.")
        _check_count("size", self.size, 1)
        _check_count("num_train", self.num_train, 1)
        _check_count("num_val", self.num_val, 1)
        _check_count("seed", self.seed, 0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerConfig:
    """An optax optimizer by name.

    Attributes:
        name: `adam`, `amsgrad`, `adamw`, `sgd`, `momentum` (heavy ball), `rmsprop`,
            `muon` (on kernels; AdamW on vectors), or `lux` (see `training.lux`).
        learning_rate: Step size.
        weight_decay: Weight decay of `adamw` only, decoupled.
        momentum: Decay of the velocity, of `momentum` and `muon` only.
        beta1: Decay of the mean of gradients, of `adam`, `amsgrad`, `adamw` only.
        beta2: Decay of the mean of their squares; also of `rmsprop`.
        eps: Added to the root of that mean.
        clip_norm: Largest norm of a gradient, longer ones are scaled; `None` for no
            limit.
        trained: Parameters that move; the others stay as they were initialized.
            `last_layer` leaves every activation region where it is, `first_biases`
            shifts the creases of the first layer and turns none of them.
    """

    name: str = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    clip_norm: float | None = None
    trained: str = "all"

    def __post_init__(self):
        _check_choice("name", self.name, OPTIMIZERS)
        _check_choice("trained", self.trained, TRAINED)
        _check_positive("learning_rate", self.learning_rate)
        _check_positive("eps", self.eps)
        if self.clip_norm is not None:
            _check_positive("clip_norm", self.clip_norm)
        _check(
            math.isfinite(self.weight_decay) and self.weight_decay >= 0.0,
            f"`weight_decay` is {self.weight_decay}: at least 0 is required.",
        )
        for name in ("momentum", "beta1", "beta2"):
            value = getattr(self, name)
            _check(
                0.0 <= value < 1.0,
                f"`{name}` is {value}: a number in [0, 1) is required.",
            )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How long and in which portions the network is trained.

    Attributes:
        model: The network.
        optimizer: The optimizer.
        loss: `mse`, or `cross_entropy` of the softmax of the outputs, for targets that
            are probabilities (a 1 for the class and 0 elsewhere).
        epochs: Passes over the training points.
        batch_size: Points per update; `None` takes all of them (full batch).
        seed: Seed of the initialization and the shuffles.
        snapshot_every: Epochs between two snapshots. A killed run resumes at the last
            one, and the program compiles once per length of a block of epochs.
    """

    model: ModelConfig = ModelConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    loss: str = "mse"
    epochs: int = 6000
    batch_size: int | None = 1024
    seed: int = 0
    snapshot_every: int = 250

    def __post_init__(self):
        _check_choice("loss", self.loss, LOSSES)
        _check_count("epochs", self.epochs, 0)
        if self.batch_size is not None:
            _check_count("batch_size", self.batch_size, 1)
        _check_count("seed", self.seed, 0)
        _check_count("snapshot_every", self.snapshot_every, 1)
        _check(
            self.model.use_bias or self.optimizer.trained != "first_biases",
            "`trained` is 'first_biases' and the model has no biases: choose another.",
        )
