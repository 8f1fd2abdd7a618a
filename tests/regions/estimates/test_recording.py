import numpy as np
import pytest
import torch

import regions
from regions.estimates.recording import RegionRecorder


def test_a_hook_of_pytorch_counts_the_module_as_it_is_then():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 6), torch.nn.ReLU(), torch.nn.Linear(6, 1)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    box = regions.Box.cube(2)
    recorder = RegionRecorder(box, every=2)
    handle = recorder.attach(optimizer, model)
    expected = []
    for step in range(1, 6):
        optimizer.zero_grad()
        model(torch.randn(16, 2)).square().mean().backward()
        optimizer.step()
        if step % 2 == 0:
            expected.append(int(regions.count_regions(model, box)))
    handle.remove()
    optimizer.step()
    assert recorder.steps == [2, 4]
    assert recorder.counts == expected
    assert all(record.result.complete for record in recorder.records)


def test_estimates_are_recorded_with_what_they_are():
    net = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]])
    recorder = RegionRecorder(regions.Box.cube(2), estimate=True, runs=2)
    recorder(1, net)
    assert recorder.records[0].result.exact == 4
    assert recorder.counts == [4]


def test_a_class_that_is_nowhere_and_a_ball_are_recorded():
    net = regions.ReluNetwork.from_arrays(
        [np.eye(2), [[1.0, 1.0], [1.0, 1.0]]], [None, [0.0, 1.0]]
    )
    ball = regions.Ball([0.0, 0.0], 1.0)
    options = [{}, {"estimate": True}, {"estimate": True, "of_class": 0}]
    counts = []
    for option in options:
        recorder = RegionRecorder(ball, **option)
        recorder(1, net)
        counts += recorder.counts
    assert counts == [4, 4, 0]


def test_every_must_be_positive():
    with pytest.raises(ValueError, match="`every` is 0"):
        RegionRecorder(regions.Box.cube(2), every=0)
