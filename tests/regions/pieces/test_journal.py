"""The journal of a count in parts: killed, damaged, disputed, foreign, shared."""

import json

import pytest

from regions.domains.shapes import Box
from regions.errors import FileFormatError
from regions.pieces.parts import PartJournal, Setting, count_in_parts
from tests.regions.pieces.helpers import KilledError, net, run_here, stops_after


def counting(journal, runner=run_here):
    return count_in_parts(
        net("d2_16x1"), Box.cube(2), parts=30, journal=journal, runner=runner
    )


def test_killed_run_goes_on_from_its_journal(tmp_path):
    journal, seen = tmp_path / "new" / "parts.jsonl", []
    for number in (7, 11):
        with pytest.raises(KilledError):
            counting(journal, stops_after(number))

    def watched(splits, parts):
        seen.extend(parts)
        return run_here(splits, parts)

    found = counting(journal, watched)
    assert found.count == 96
    assert found.stats["from_journal"] == 18
    assert len(seen) == found.stats["parts"] - 18
    again = counting(journal, stops_after(0))
    assert again.count == 96
    assert again.stats["from_journal"] == again.stats["parts"]


def test_torn_last_line_is_cut_off_and_counted_again(tmp_path):
    journal = tmp_path / "parts.jsonl"
    with pytest.raises(KilledError):
        counting(journal, stops_after(9))
    whole = journal.read_bytes()
    for size in (1, 20, 60):
        journal.write_bytes(whole[:-size])
        found = counting(journal)
        assert found.count == 96
        assert found.stats["from_journal"] == 8
        assert "damaged_journal_lines" not in found.stats


def test_changed_line_is_named_and_counted_again(tmp_path):
    journal = tmp_path / "parts.jsonl"
    counting(journal)
    lines = journal.read_text().splitlines()
    data = json.loads(lines[5])
    data["count"] += 1
    lines[5] = json.dumps(data)
    lines[8] = lines[8][:40] + "\x00" + lines[8][41:]
    journal.write_text("\n".join(lines) + "\n")
    found = counting(journal)
    assert found.count == 96
    assert found.stats["damaged_journal_lines"] == [6, 9]
    assert found.stats["from_journal"] == found.stats["parts"] - 2


@pytest.mark.parametrize("line", [0, 1])
def test_damaged_header_or_plan_loses_no_count(tmp_path, line):
    journal = tmp_path / "parts.jsonl"
    counting(journal)
    lines = journal.read_text().splitlines()
    lines[line] = "#" + lines[line]
    journal.write_text("\n".join(lines) + "\n")
    found = counting(journal, stops_after(0))
    assert found.count == 96
    assert found.stats["damaged_journal_lines"] == [line + 1]


def test_repeated_lines_count_once_and_disputed_ones_not(tmp_path):
    journal = tmp_path / "parts.jsonl"
    counting(journal)
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join([*lines, lines[4]]) + "\n")
    assert counting(journal, stops_after(0)).count == 96
    setting = Setting(net("d2_16x1"), Box.cube(2), parts=30)
    with PartJournal(journal, [setting]) as book:
        book.record((0, 0), setting.split().key(0), 10**6)
    found = counting(journal)
    assert found.count == 96
    assert found.stats["from_journal"] == found.stats["parts"] - 1


def test_journal_of_another_count_is_refused(tmp_path):
    journal = tmp_path / "parts.jsonl"
    counting(journal)
    before = journal.read_bytes()
    with pytest.raises(
        FileFormatError, match="belongs to another network, domain or method"
    ):
        count_in_parts(net("d2_32x2"), Box.cube(2), journal=journal)
    with pytest.raises(
        FileFormatError, match="belongs to another network, domain or method"
    ):
        count_in_parts(net("d2_16x1"), Box.cube(2, 2.0), journal=journal)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("text", ["some notes\nof mine\n", "a line without an end"])
def test_file_that_is_no_journal_is_left_alone(tmp_path, text):
    journal = tmp_path / "notes.txt"
    journal.write_text(text)
    with pytest.raises(FileFormatError, match="is no journal of parts"):
        counting(journal)
    assert journal.read_text() == text


def test_two_runs_do_not_share_a_journal(tmp_path):
    journal = tmp_path / "parts.jsonl"

    def meanwhile(splits, parts):
        with pytest.raises(BlockingIOError, match="another run is writing"):
            counting(journal)
        return run_here(splits, parts)

    assert counting(journal, meanwhile).count == 96


def test_journal_in_a_folder_that_can_not_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        counting(tmp_path / "file" / "parts.jsonl")


def test_full_disk_keeps_what_was_counted(tmp_path):
    import resource

    journal = tmp_path / "parts.jsonl"
    with pytest.raises(KilledError):
        counting(journal, stops_after(5))
    size = journal.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300, limits[1]))
    try:
        with pytest.raises(OSError, match="while writing the journal; what was coun"):
            counting(journal)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = counting(journal)
    assert found.count == 96
    assert found.stats["from_journal"] >= 5
    assert "damaged_journal_lines" not in found.stats
