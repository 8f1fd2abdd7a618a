"""Parts of the tree and of restriction add up, whoever counts them, and go on."""

import numpy as np
import pytest

from regions.domains.shapes import Box, WholeSpace
from regions.enumeration import count_regions
from regions.errors import FileFormatError
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
    path.write_text("\n".join([*lines, lines[4].replace("x", "y")]) + "\n")
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
    with pytest.raises(ValueError, match="one of tree, restriction is required"):
        count_in_parts(TIED, domain, method="sweep")
    with pytest.raises(ValueError, match="`parts` is 0"):
        count_in_parts(TIED, domain, parts=0)
