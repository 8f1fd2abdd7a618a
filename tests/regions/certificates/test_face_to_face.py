"""Leaves that fill a domain face to face, and files that were forged."""

import json

import numpy as np
import pytest

import regions
from regions.certificates import partitions
from regions.certificates.answers import verify_answer
from regions.certificates.face_to_face import fill_face_to_face
from tests.helpers import random_network
from tests.regions.certificates.test_answers import write


def test_two_triangles_fill_a_square_and_one_does_not():
    """Forms: the four sides of the square, and its diagonal."""
    left, below, right, above, diagonal = (1 << k for k in range(5))
    lower = (
        (0, 1, 2),
        [left | below | diagonal, below | right, right | above | diagonal],
    )
    # Three forms vanish at an end of the diagonal: nothing is told.
    assert not fill_face_to_face([lower], 2, 4)
    first = (
        (0, 1, 4, 5),
        [left | below, below | diagonal, diagonal | above, above | left],
    )
    second = (
        (1, 2, 3, 4),
        [below | diagonal, below | right, right | above, above | diagonal],
    )
    second = (1, 2, 3, 4), second[1]
    assert fill_face_to_face([first, second], 2, 4)
    assert not fill_face_to_face([first], 2, 4)
    assert not fill_face_to_face([first, second, second], 2, 4)
    assert not fill_face_to_face([], 2, 4)


@pytest.mark.parametrize(
    "zeros",
    [
        [1 | 4, 2 | 4, 2 | 8],  # a corner is missing
        [1 | 4, 1 | 4, 2 | 8, 2 | 8],  # corners stand there twice
        [1 | 4, 2 | 4, 2 | 8, 16 | 8],  # no edge leads back
        [1, 2],  # one form vanishes at each, as in one dimension
        [1 | 2 | 4, 1 | 2 | 8, 1 | 4 | 8, 2 | 4 | 8],  # three, as in space
    ],
)
def test_what_is_no_whole_polytope_tells_nothing(zeros):
    assert not fill_face_to_face([(tuple(range(len(zeros))), zeros)], 2, 5)
    whole = [1 | 4, 2 | 4, 2 | 8, 1 | 8]
    assert fill_face_to_face([((0, 1, 2, 3), whole)], 2, 5)


def answers(dim: int):
    widths = [6, 5] if dim < 4 else [4, 2]
    network = random_network(np.random.default_rng(dim), dim, widths, outputs=2)
    box = regions.Box.cube(dim)
    yield regions.output_range(network, box, 0, method="list")
    if dim < 4:
        yield regions.mean_by_class(network, box)
    yield regions.lipschitz(network, box, 1)


@pytest.fixture
def no_volumes(monkeypatch):
    """A partition in general position is proved without any volume."""

    def refuse(self, volume):
        raise AssertionError(volume)

    monkeypatch.setattr(partitions.Partition, "_check_volume", refuse)


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5])
def test_partitions_in_general_position_need_no_volumes(dim, no_volumes, tmp_path):
    for answer in answers(dim):
        report = verify_answer(answer.save(tmp_path / "answer.json"))
        assert report.ok, str(report)


def forgeries(body: dict, rng: np.random.Generator):
    """Bodies with one thing changed, at random, and its name."""
    held = body["partition"]
    leaves, count = held["leaves"], len(held["leaves"])

    def changed(change) -> dict:
        copy = json.loads(json.dumps(body))
        change(copy["partition"])
        return copy

    one, two = rng.choice(count, 2, replace=False).tolist()

    def missing(part):
        for name in ("leaves", "labels"):
            if name in part:
                part[name].pop(one)

    def twice(part):
        for name in ("leaves", "labels"):
            if name in part:
                part[name].append(part[name][one])

    def copied(part):
        """The same leaf by other numbers of the same corners."""
        numbers = []
        for corner in leaves[one]:
            numbers.append(len(part["corners"]))
            part["corners"].append(part["corners"][corner])
        part["leaves"][two] = numbers

    def moved(part):
        corner, axis = leaves[one][0], int(rng.integers(len(part["corners"][0])))
        top, _, bottom = part["corners"][corner][axis].partition("/")
        part["corners"][corner][axis] = f"{int(top) + 1}/{bottom or 1}"

    def fewer(part):
        part["leaves"][one].pop(int(rng.integers(len(leaves[one]))))

    def fewest(part):
        part["leaves"][one] = leaves[one][: len(part["corners"][0]) + 1]

    def more(part):
        rest = {*range(len(part["corners"]))} - {*leaves[one]}
        part["leaves"][one].append(int(rng.choice([*rest])))

    def merged(part):
        part["leaves"][one] = sorted({*leaves[one], *leaves[two]})

    def other(part):
        part["leaves"][one] = part["leaves"][two]

    changes = [missing, twice, copied, moved, fewer, more, merged, other]
    if len(leaves[one]) > len(held["corners"][0]) + 1:
        changes.append(fewest)
    for change in changes:
        yield change.__name__, changed(change)
    yield "none", changed(lambda part: part.update(leaves=[], labels=[]))


@pytest.mark.parametrize("dim", [2, 3, 5])
def test_forged_partitions_are_refused(dim, tmp_path):
    rng = np.random.default_rng(dim)
    for answer in answers(dim):
        body = json.loads(answer.save(tmp_path / "answer.json").read_text())
        for _ in range(3 if dim < 5 else 1):
            for name, forged in forgeries(body, rng):
                report = verify_answer(write(forged, tmp_path))
                assert not report.ok, (answer.question, name)
                assert report.failures[0].startswith("partition: "), name
