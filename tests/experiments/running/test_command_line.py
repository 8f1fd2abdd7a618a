"""What a run prints of its summary."""

import dataclasses
import functools

from matplotlib.figure import Figure

from experiments.running import command_line
from experiments.running.console import run_main
from experiments.running.studies import Study


@dataclasses.dataclass(frozen=True)
class Config:
    """What identifies the run of this test."""

    size: int = 1


def test_table_of_a_summary_is_a_row_for_each_of_its_rows(tmp_path, capsys):
    summary = {
        "headline": "two networks",
        "largest_error": 0.12345,
        "table": [{"network": "a", "num_regions": 1234}, {"network": "b", "loss": 0.5}],
        "empty": [],
    }
    study = Study(
        name="some",
        conduct=lambda config, folder, progress, clock: dict(summary),
        read=lambda config, folder, summary: summary,
        draw=lambda result: Figure(),
    )
    folder = tmp_path / "run"
    # With no formats there is no figure to draw.
    code = command_line.run_and_show(study, Config(), folder, formats=())
    assert code == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["largest", "error", "0.1235"] in lines
    assert ["a", "num", "regions", "1,234"] in lines
    assert ["b", "loss", "0.5"] in lines


def test_a_folder_in_which_a_run_is_going_on_is_refused_in_one_line(tmp_path, capsys):
    folder = tmp_path / "run"
    second: list[int] = []

    def conduct(config, folder, progress, clock):
        again = functools.partial(command_line.run_and_show, study, config, folder)
        second.append(run_main(functools.partial(again, formats=())))
        return {"done": 1}

    study = Study(
        name="some",
        conduct=conduct,
        read=lambda config, folder, summary: summary,
        draw=lambda result: Figure(),
    )
    assert command_line.run_and_show(study, Config(), folder, formats=()) == 0
    assert second == [2]
    error = capsys.readouterr().err
    assert "run: another run is writing there: wait for it" in error
    assert error.count("\n") == 1
