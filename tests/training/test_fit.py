"""Runs in a folder: snapshots, metrics and resuming."""

import errno

import jax
import numpy as np
import pytest

from regions.errors import FileFormatError
from regions.files.writing import open_atomically, write_text
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset, ring_image, sample_points
from training.fit import fit, updates_per_epoch
from training.loop import init_state
from training.snapshots import SnapshotStore, read_metrics, write_metrics

CONFIG = TrainingConfig(
    model=ModelConfig(widths=(5, 4)), epochs=6, batch_size=16, snapshot_every=3
)


def _data() -> Dataset:
    return sample_points(ring_image(64), 40, 12, seed=0)


def _stop_after(epochs: int):
    """A progress callback that interrupts as a user or a kill would."""

    def progress(done: int, total: int, message: str) -> None:
        if done >= epochs:
            raise KeyboardInterrupt

    return progress


def _same(first, second) -> bool:
    """Whether two trees hold the same bits."""
    leaves = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in leaves)


def test_interrupted_run_ends_like_an_uninterrupted_one_bit_for_bit(tmp_path):
    config = TrainingConfig(
        model=ModelConfig(widths=(5, 4), activation="prelu"),
        optimizer=OptimizerConfig(name="adamw", learning_rate=0.01),
        epochs=6,
        batch_size=16,
        snapshot_every=3,
    )
    whole = fit(config, _data(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(config, _data(), tmp_path / "cut", _stop_after(3))
    resumed = fit(config, _data(), tmp_path / "cut")
    assert (whole.resumed_from, resumed.resumed_from) == (0, 3)
    assert _same(whole.params, resumed.params)
    assert whole.losses.tobytes() == resumed.losses.tobytes()
    metrics = [
        (tmp_path / run / "metrics.csv").read_bytes() for run in ("whole", "cut")
    ]
    assert metrics[0] == metrics[1]


def test_metrics_beyond_the_last_snapshot_are_dropped_on_resume(tmp_path):
    whole = fit(CONFIG, _data(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(CONFIG, _data(), tmp_path / "cut", _stop_after(3))
    # A kill after the metrics of epoch 6 were written, before their snapshot.
    wrong = np.concatenate([whole.losses[:3], np.ones((3, 2), np.float32)])
    write_metrics(tmp_path / "cut" / "metrics.csv", wrong, 3)
    resumed = fit(CONFIG, _data(), tmp_path / "cut")
    assert whole.losses.tobytes() == resumed.losses.tobytes()


def test_finished_run_is_not_trained_again(tmp_path):
    first = fit(CONFIG, _data(), tmp_path)
    calls = []
    again = fit(CONFIG, _data(), tmp_path, lambda *call: calls.append(call))
    assert calls == [(6, 6, "training")]
    assert again.resumed_from == 6
    assert _same(first.params, again.params)


def test_snapshots_lie_at_their_epochs(tmp_path):
    config = TrainingConfig(
        model=ModelConfig(widths=(3,)), epochs=5, batch_size=None, snapshot_every=2
    )
    result = fit(config, _data(), tmp_path)
    with SnapshotStore(tmp_path / "snapshots") as store:
        assert store.epochs() == [0, 2, 4, 5]
        start = store.restore(0, init_state(config))
        assert _same(start, init_state(config))
        assert _same(store.restore(5, start).params, result.params)
        for file in (tmp_path / "snapshots" / "5").rglob("*"):
            if file.is_file():
                file.write_bytes(b"damaged")
        with pytest.raises(FileFormatError, match="5 is not a snapshot of this run"):
            store.restore(5, start)


@pytest.mark.parametrize(
    "error",
    [ValueError("RESOURCE_EXHAUSTED: Error writing"), OSError(errno.ENOSPC, "No room")],
)
def test_a_full_disk_is_told_with_what_to_do(tmp_path, monkeypatch, error):
    def save(*args, **settings):
        raise error

    with SnapshotStore(tmp_path / "snapshots") as store:
        monkeypatch.setattr(store._manager, "save", save)
        with pytest.raises(OSError, match="make room, and give the same command"):
            store.save(init_state(CONFIG), 0)


def test_metrics_file_has_one_row_an_epoch(tmp_path):
    result = fit(CONFIG, _data(), tmp_path)
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines[0] == "epoch,updates,train_loss,val_loss"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        [str(epoch), str(3 * epoch)] for epoch in range(1, 7)
    ]
    assert (
        read_metrics(tmp_path / "metrics.csv", 6).tobytes() == result.losses.tobytes()
    )


def test_metrics_shorter_than_the_snapshot_are_an_error(tmp_path):
    fit(CONFIG, _data(), tmp_path)
    write_metrics(tmp_path / "metrics.csv", np.ones((2, 2), np.float32), 3)
    with pytest.raises(FileFormatError, match="2 epochs; the snapshot needs 6"):
        fit(CONFIG, _data(), tmp_path)


def test_updates_per_epoch_counts_the_last_batch():
    data = sample_points(ring_image(256), 5000, 10, seed=0)
    assert updates_per_epoch(TrainingConfig(), data) == 5
    assert updates_per_epoch(TrainingConfig(batch_size=None), data) == 1


def test_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def fail():
        with open_atomically(path) as file:
            file.write(b"half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fail()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]
