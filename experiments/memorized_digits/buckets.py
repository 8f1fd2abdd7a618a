"""Images that share a key: a hash table of classes, and what it answers."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64

import regions
from experiments.measures.adaptation import accuracy
from regions.patterns.packing import pack_bits
from regions.signs.predicate import signs
from training.labeled import Labeled


class Buckets(NamedTuple):
    """Training images by their key, and the bucket that each image held out meets.

    Attributes:
        classes: Training images of each class in each bucket.
        own: Bucket of each training image.
        met: Bucket of each image held out, or -1.
    """

    classes: Int64[np.ndarray, "buckets classes"]
    own: Int64[np.ndarray, " train"]
    met: Int64[np.ndarray, " held"]

    @property
    def sizes(self) -> Int64[np.ndarray, " buckets"]:
        """Training images in each bucket."""
        return self.classes.sum(axis=1)


def fill_buckets(
    keys: Bool[np.ndarray, "train bits"],
    labels: Int64[np.ndarray, " train"],
    held: Bool[np.ndarray, "held bits"],
    num_classes: int,
) -> Buckets:
    """The table of training images, and where those held out are looked up.

    Args:
        keys: Of the training images.
        labels: Their classes, as they were learned.
        held: Keys of the images held out.
        num_classes: Of all labels.

    Example:
        >>> bits = np.array([[False], [True], [True]])
        >>> found = fill_buckets(bits, np.array([1, 0, 1]), bits[:1], 2)
        >>> found.classes.tolist(), found.own.tolist(), found.met.tolist()
        ([[0, 1], [1, 1]], [0, 1, 1], [0])
    """
    packed = pack_bits(np.concatenate([keys, held]))
    names = np.unique(packed, axis=0, return_inverse=True)[1].ravel()
    known, own = np.unique(names[: len(keys)], return_inverse=True)
    classes = np.zeros((len(known), num_classes), np.int64)
    np.add.at(classes, (own, labels), 1)
    place = {name: k for k, name in enumerate(known.tolist())}
    met = [place.get(name, -1) for name in names[len(keys) :].tolist()]
    return Buckets(classes, own, np.array(met, np.int64))


def bucket_numbers(
    buckets: Buckets, truth: Int[np.ndarray, " held"]
) -> dict[str, float]:
    """What a table is like.

    Args:
        buckets: The table.
        truth: True classes of the images held out.

    Returns:
        `alone` (training images that share their key with none, as a share), `bits`
        (entropy of the training images' keys), `met` (images held out whose key is
        that of a training image, as a share), `told` (of these, those whose class is
        the most frequent in the bucket, as a share; NaN without any).
    """
    sizes = buckets.sizes
    shares = sizes / sizes.sum()
    met = buckets.met >= 0
    answers = buckets.classes.argmax(axis=1)[buckets.met[met]]
    return {
        "alone": float((sizes[buckets.own] == 1).mean()),
        "bits": float(-(shares * np.log2(shares)).sum()),
        "met": float(met.mean()),
        "told": float((answers == truth[met]).mean()) if met.any() else np.nan,
    }


def network_buckets(
    network: regions.ReluNetwork, train: Labeled, held: Labeled, num_classes: int
) -> tuple[Buckets, Buckets]:
    """Tables by the whole pattern, that is by region, and by the last layer's part.

    Patterns are exact; a unit that is 0 is off.
    """
    points = np.concatenate([train.inputs, held.inputs])
    found = signs(network, regions.WholeSpace(network.input_dim), points)
    bits, last = found.on[:, network.kinks], network.hidden[-1].width
    count = len(train.inputs)
    whole, end = (
        fill_buckets(keys[:count], train.labels, keys[count:], num_classes)
        for keys in (bits, bits[:, -last:])
    )
    return whole, end


def crossings(
    network: regions.ReluNetwork, ends: Float64[np.ndarray, "lines 2 dim"]
) -> float:
    """Region boundaries per unit of length on lines, all of them together, exact."""
    steps = 0
    for start, end in ends:
        found = regions.enumerate_regions(network, regions.Segment(start, end))
        assert found.complete
        steps += len(found) - 1
    return steps / float(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum())


def measure(
    network: regions.ReluNetwork,
    train: Labeled,
    held: Labeled,
    lines: dict[str, Float64[np.ndarray, "lines 2 dim"]],
    num_classes: int,
) -> dict[str, float]:
    """Numbers of one network.

    Args:
        network: The network.
        train: Training images, labeled as they were learned.
        held: Images held out, with their true labels.
        lines: Ends of lines, by name.
        num_classes: Of all labels.

    Returns:
        `learned` and `right` (accuracies on both), those of `bucket_numbers` by region
        (`region_` before their names) and by the last layer (`last_`), and `crossings`
        on the lines, by their name.
    """
    whole, end = network_buckets(network, train, held, num_classes)
    return {
        "learned": accuracy(network, train),
        "right": accuracy(network, held),
        **{f"region_{k}": v for k, v in bucket_numbers(whole, held.labels).items()},
        **{f"last_{k}": v for k, v in bucket_numbers(end, held.labels).items()},
        **{name: crossings(network, ends) for name, ends in lines.items()},
    }
