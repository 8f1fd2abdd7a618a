"""Stages are computed once."""

import numpy as np
import pytest

from experiments.running.stages import stored


def test_a_stage_is_computed_once_and_read_after(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return {"a": np.arange(3), "b": 2.5}

    first, second = (stored(tmp_path / "stage.npz", compute) for _ in range(2))
    assert len(calls) == 1
    assert first.keys() == second.keys() == {"a", "b"}
    assert (first["a"] == second["a"]).all()
    assert float(second["b"]) == 2.5


def test_an_interrupted_stage_leaves_nothing(tmp_path):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stored(tmp_path / "stage.npz", stop)
    assert list(tmp_path.iterdir()) == []
