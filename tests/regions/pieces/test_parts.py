"""Parts of every split add up, whoever counts them, and go on."""

import pickle  # noqa: TID251  (to send parts)

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, WholeSpace
from regions.enumeration import count_regions
from regions.enumeration.cells.space.walk import SpaceWalk
from regions.errors import FileFormatError
from regions.network import ReluNetwork
from regions.pieces.cell_parts import CellParts, OtherCellError
from regions.pieces.parts import SPLITS, Setting, count_in_parts, count_study
from tests.helpers import random_network
from tests.regions.enumeration.oracles import integer_network
from tests.regions.pieces.helpers import KilledError, one_layer

LAYER = one_layer(np.random.default_rng(0).integers(-2, 3, (9, 3)), np.arange(9) % 3)
TIED = integer_network(np.random.default_rng(1), 3, [4, 3])
GENERIC = random_network(np.random.default_rng(2), 2, [5, 4])
CONES = random_network(np.random.default_rng(3), 3, [4, 3], bias_scale=0.0)


@pytest.mark.parametrize("method", SPLITS)
@pytest.mark.parametrize("network", [LAYER, TIED, GENERIC, CONES])
def test_parts_add_up_to_the_whole(network, method):
    dim = network.input_dim
    for domain in (Box.cube(dim), WholeSpace(dim)):
        if method == "cells" and not domain.is_bounded:
            with pytest.raises(ValueError, match="needs a bounded domain"):
                count_in_parts(network, domain, method=method)
            continue
        expected = int(count_regions(network, domain))
        for parts in (1, 20):
            count = count_in_parts(network, domain, method=method, parts=parts)
            assert (count.count, count.complete) == (expected, True)


def dies_after(number):
    """A runner that goes through the parts backwards and dies."""

    def run(splits, parts):
        for done, (which, part) in enumerate(reversed(parts)):
            if done == number:
                raise KilledError
            yield (which, part), splits[which].count(part, lambda: False)

    return run


@pytest.mark.parametrize("method", SPLITS)
def test_a_killed_run_goes_on_with_its_parts(tmp_path, method):
    path, domain = tmp_path / "parts.jsonl", Box.cube(3)
    expected = int(count_regions(TIED, domain))
    how = {"method": method, "journal": path}
    with pytest.raises(KilledError):
        count_in_parts(TIED, domain, parts=9, runner=dies_after(3), **how)
    count = count_in_parts(TIED, domain, parts=50, **how)
    assert (count.count, count.complete) == (expected, True)
    assert count.stats["from_journal"] == 3
    lines = path.read_text().splitlines()
    assert len(lines) == 2 + count.stats["parts"]
    # A changed count is not believed, and what disagrees is counted again.
    lines[3] = lines[3].replace('"count": ', '"count": 1')
    path.write_text("\n".join(lines) + "\n")
    again = count_in_parts(TIED, domain, **how)
    assert (again.count, again.stats["damaged_journal_lines"]) == (expected, [4])
    with pytest.raises(FileFormatError, match="another network, domain or method"):
        count_in_parts(LAYER, domain, **how)


@pytest.mark.parametrize("method", SPLITS)
def test_a_stop_keeps_what_was_counted(method):
    domain, whole = Box.cube(3), int(count_regions(TIED, Box.cube(3)))
    for asked in (0, 1, 9, 30):
        left = iter(range(asked))
        count = count_in_parts(
            TIED,
            domain,
            method=method,
            parts=8,
            stop=lambda left=left: next(left, None) is None,
        )
        assert 1 <= count.count <= whole
        assert count.count == whole or not count.complete


def test_a_study_is_one_bag_of_parts(tmp_path):
    settings = [
        Setting(LAYER, WholeSpace(3), "restriction", 4),
        Setting(TIED, Box.cube(3), "tree", 5),
        Setting(TIED, Box.cube(3), "restriction", 6),
        Setting(TIED, Box.cube(3), "cells", 6),
    ]
    path, told = tmp_path / "study.jsonl", []
    with pytest.raises(KilledError):
        count_study(settings, journal=path, runner=dies_after(7))
    counts = count_study(settings, journal=path, progress=lambda *v: told.append(v))
    numbers = [int(count_regions(s.network, s.domain)) for s in settings]
    assert [int(count) for count in counts] == numbers
    assert sum(count.stats["from_journal"] for count in counts) == 7
    total = sum(count.stats["parts"] for count in counts)
    assert told == [(k, total) for k in range(7, total + 1)]


def test_bad_settings_are_refused():
    domain = Box.cube(3)
    with pytest.raises(ValueError, match="one of cells, tree, restriction is required"):
        count_in_parts(TIED, domain, method="line")
    with pytest.raises(ValueError, match="`parts` is 0"):
        count_in_parts(TIED, domain, parts=0)


def test_cells_serve_by_default_where_they_can():
    assert Setting(TIED, Box.cube(3)).method == "cells"
    assert Setting(TIED, WholeSpace(3)).method == "tree"
    none = ReluNetwork.from_arrays([np.eye(2)], None)
    assert int(count_in_parts(none, Box.cube(2))) == 1


@pytest.mark.parametrize("dim", [2, 3])
def test_parts_by_cells_are_of_a_size_and_the_same_everywhere(dim, monkeypatch):
    network, domain = (
        random_network(np.random.default_rng(4), dim, [9, 6]),
        Box.cube(dim),
    )
    digests = set()
    for form in ("off", "on"):
        monkeypatch.setenv(SWITCH, form)
        parts = CellParts(network, domain, 20)
        digests.add(tuple(map(parts.key, range(len(parts)))))
    assert len(digests) == 1
    # On another machine, say: what is pickled is all that a part needs.
    far = pickle.loads(pickle.dumps(parts))
    counts = [far.count(part, lambda: False) for part in range(len(far))]
    assert sum(counts) == int(count_regions(network, domain, method="tree"))
    assert max(counts) < 0.3 * sum(counts)


def test_other_parts_than_those_of_the_journal_are_counted(tmp_path, monkeypatch):
    path, how = tmp_path / "parts.jsonl", {"method": "cells", "parts": 9}
    count = count_in_parts(TIED, Box.cube(3), journal=path, **how)
    inner = SpaceWalk.digest
    monkeypatch.setattr(SpaceWalk, "digest", lambda walk: inner(walk)[::-1])
    again = count_in_parts(TIED, Box.cube(3), journal=path, **how)
    assert (again.count, again.stats["from_journal"]) == (count.count, 0)
    monkeypatch.setattr(SpaceWalk, "digest", lambda walk: str(id(walk)))
    with pytest.raises(OtherCellError, match="another cell here"):
        CellParts(TIED, Box.cube(3), 9).count(0, lambda: False)
