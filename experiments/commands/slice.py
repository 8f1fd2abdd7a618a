"""Cut the plane through three of your data points into regions and classes."""

import argparse
import pathlib
import warnings

from experiments.running.arguments import (
    NETWORK,
    POINT,
    Parser,
    point,
    read_network,
    state_dict_options,
)
from experiments.running.console import GO_ON, run_main
from regions.errors import ImportNotice

EXAMPLES = """\
examples:
  python scripts/slice.py model.npz --data x.npy --points 0 5 9
  python scripts/slice.py model.onnx --data x.npy --labels y.npy --classes 3 5 8
  python scripts/slice.py model.npz --data digits --points 3 5 8 --margin 2
  python scripts/slice.py --data x.npy --labels y.npy --classes 0 1 2 --epochs 200
  python scripts/slice.py model.npz --around x.npy:7 --radius 3 --seed 0
  python scripts/slice.py one_output.npz --data x.npy --points 0 5 9 --threshold 0.5

--around takes the plane through one point, in two random orthogonal directions, and
needs no data. Without a model, one of two layers of 32 units is trained on the data.
The folder gets figure.png, .svg and .pdf, regions.parquet, polygons.npz, network.npz
and summary.json.

The class is the largest output. A network of one output has class 1 where the output is
above the threshold and class 0 elsewhere. A final sigmoid is left out when a model is
read, so 0 is then a probability of one half; for a regression network the boundary is
where it takes the value of the threshold.

exit code: 0 done, 1 not verified or not decided, 2 bad input, 130 interrupted
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", nargs="?", metavar="NETWORK", help=f"{NETWORK}; trained if none")
    add("--data", help="points, one per row (.npy, .npz, .csv), or digits")
    add("--labels", help="classes of the points (.npy)")
    which = parser.add_mutually_exclusive_group(required=True).add_argument
    which("--points", nargs=3, type=int, metavar="I", help="three indices, from 0")
    which("--classes", nargs=3, type=int, metavar="C", help="a point of each of these")
    which("--around", type=point, metavar="POINT", help=f"through it: {POINT}")
    reach = "how far the plane reaches around the point (default: 1)"
    add("--radius", type=float, default=1.0, help=reach)
    add("--margin", type=float, default=0.5, help="beyond the points (default: 0.5)")
    add(
        "--threshold",
        type=float,
        metavar="T",
        help="of a network of one output: class 1 lies above (default: 0)",
    )
    add("--widths", type=int, nargs="+", default=[32, 32], help="of a trained network")
    add("--epochs", type=int, default=100, help="of a trained network")
    add("--seed", type=int, default=0, help="of training, or of the plane's directions")
    add("--num-val", type=int, help="points held out (default: one in five)")
    parser.add_run_folder("runs/slice")
    parser.add_state_dicts()
    options = parser.parse(arguments)
    if options.around is None and options.data is None:
        parser.error("--data is required, or --around POINT")
    if options.around is not None and options.data is not None:
        parser.error("--data goes with --points or --classes, not with --around")
    if options.around is not None and options.network is None:
        parser.error("--around needs a NETWORK")
    options.folder = options.folder or pathlib.Path("runs/slice")
    return options


def _three(numbers: list[int] | None) -> tuple[int, int, int] | None:
    """Three numbers as a tuple."""
    return None if numbers is None else (numbers[0], numbers[1], numbers[2])


def execute(options: argparse.Namespace) -> int:
    """Run or show the run."""
    import dataclasses

    from experiments.data_slices import STUDY
    from experiments.data_slices.study import CLASSIFIER, Config, prepare
    from experiments.running.command_line import run_and_show

    training = CLASSIFIER
    model = dataclasses.replace(training.model, widths=tuple(options.widths))
    config = Config(
        training=dataclasses.replace(
            training, model=model, epochs=options.epochs, seed=options.seed
        ),
        network=options.network,
        reading=state_dict_options(options),
        inputs=options.data or "",
        labels=options.labels,
        points=_three(options.points),
        classes=_three(options.classes) or (0, 1, 2),
        margin=options.margin,
        around=None if options.around is None else tuple(options.around.tolist()),
        radius=options.radius,
        plane_seed=options.seed,
        threshold=options.threshold,
    )
    if options.network is not None:
        read_network(pathlib.Path(options.network), options)
        # What the file leaves open has now been said.
        warnings.simplefilter("ignore", ImportNotice)
    # Here, since bad input must not leave a folder behind.
    data, _, _ = prepare(config)
    held_out = options.num_val or max(1, len(data.inputs) // 5)
    config = dataclasses.replace(config, num_val=held_out)
    return run_and_show(STUDY, config, options.folder, force=options.force)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 not verified, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    message = GO_ON.format(folder=options.folder)
    return run_main(
        lambda: execute(options),
        interrupted=message,
        max_seconds=options.max_seconds,
    )
