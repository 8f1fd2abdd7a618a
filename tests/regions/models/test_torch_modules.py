import warnings

import numpy as np
import pytest
import torch
from torch import nn

import regions
from regions.errors import ImportNotice, ModelError
from regions.models.torch_modules import from_torch


def _agrees(model: nn.Module, shape: tuple[int, ...], **options) -> regions.ReluNetwork:
    torch.manual_seed(1)
    net = from_torch(model, **options)
    points = torch.randn(20, *shape, dtype=torch.float64)
    with torch.no_grad():
        expected = model.double().eval()(points).numpy().reshape(20, -1)
    assert np.allclose(net(points.numpy().reshape(20, -1)), expected, rtol=0, atol=1e-7)
    return net


def test_a_sequential_is_read_exactly():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    net = _agrees(model, (3,))
    assert net.widths == (4,)
    weight = model.state_dict()["0.weight"].numpy().astype(np.float64)
    assert np.array_equal(net.hidden[0].weight, weight)


def test_two_layers_without_an_activation_make_no_kink():
    net = _agrees(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)), (3,))
    assert net.num_bits == 0


def test_activations_and_normalization_equal_pytorch():
    layers = [
        nn.Linear(3, 4),
        nn.LeakyReLU(0.1),
        nn.Linear(4, 5),
        nn.PReLU(5),
        norm := nn.BatchNorm1d(5),
        nn.Dropout(0.5),
        nn.Hardtanh(),
        nn.Linear(5, 2),
        nn.ReLU6(),
    ]
    norm.running_mean = torch.rand(5)
    norm.running_var = torch.rand(5) + 0.5
    _agrees(nn.Sequential(*layers), (3,))


class Residual(nn.Module):
    """Layers in another order than the forward pass, functions, skips, in place."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(6, 2)
        self.first = nn.Linear(3, 6)
        self.inner = nn.Linear(6, 6)
        self.matrix = nn.Parameter(torch.randn(6, 6))

    def forward(self, x):
        h = torch.relu(self.first(x))
        h = h + nn.functional.relu(self.inner(h), inplace=True)
        h = torch.cat([h[:, :3], x.abs()], dim=1)
        h += 1.5
        h = torch.maximum(h @ self.matrix, -h).clamp(min=-1.0)
        return self.last(2.0 * h.view(h.size(0), -1) - 1.0) / 3.0


def test_a_forward_of_its_own_is_followed():
    torch.manual_seed(0)
    _agrees(Residual(), (3,))


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.down = nn.Conv2d(3, 4, 3, stride=2)
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        x = nn.functional.max_pool2d(nn.functional.relu(self.norm(self.conv(x))), 2)
        x = nn.functional.adaptive_avg_pool2d(nn.functional.relu(self.down(x)), 1)
        return self.out(x.flatten(1))


def test_a_small_cnn_equals_pytorch():
    torch.manual_seed(0)
    assert _agrees(Cnn(), (1, 6, 6), input_shape=(1, 6, 6)).input_dim == 36


class Maxout(nn.Module):
    def __init__(self):
        super().__init__()
        self.pieces = nn.Linear(3, 8)
        self.out = nn.Linear(4, 1)

    def forward(self, x):
        best, _ = self.pieces(x).reshape(-1, 4, 2).max(dim=-1)
        first, *rest = best.chunk(2, dim=1)
        return self.out(torch.cat([*rest, first], dim=1).T.T)


def test_maxout_and_moves_equal_pytorch():
    torch.manual_seed(0)
    _agrees(Maxout(), (3,))


def test_the_module_is_left_as_it_was():
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.ReLU(), nn.Linear(3, 1))
    model[1].eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    from_torch(model)
    assert [part.training for part in model] == [True, False, True, True]
    after = model.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


@pytest.mark.parametrize("final", [nn.Softmax(dim=1), nn.Sigmoid(), nn.Tanh()])
def test_a_final_activation_is_left_out_with_a_notice(final):
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2), final)
    with pytest.warns(ImportNotice, match="final .* is left out"):
        net = from_torch(model)
    with torch.no_grad():
        expected = model[:3](torch.ones(1, 2)).numpy()
    assert np.allclose(net(np.ones((1, 2))), expected, atol=1e-6)


class _Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.layer, self.function = nn.Linear(3, 4), function

    def forward(self, x):
        return self.function(self.layer(x))


REFUSED = {
    "activation": (nn.Sequential(nn.Linear(3, 4), nn.GELU()), "layer '1' .GELU. comp"),
    "inner": (
        nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)),
        r"layer '1' \(Tanh\) computes tanh",
    ),
    "square": (_Function(lambda x: x**2), "computes pow"),
    "branch": (_Function(lambda x: x if x.sum() > 0 else -x), "computes gt"),
    "number": (_Function(lambda x: x * x[0, 0].item()), "computes item"),
    "numpy": (_Function(lambda x: torch.as_tensor(x.numpy())), "computes numpy"),
    "product": (_Function(lambda x: x * x), "product of two tensors"),
    "always dropped": (_Function(nn.functional.dropout), "dropout .also in evaluation"),
    "rounded": (_Function(lambda x: x.half().float()), "computes half"),
    "batch": (_Function(lambda x: x - x.mean(0)), "forward pass .* disagree"),
    "two outputs": (_Function(lambda x: (x, x)), "returns a tuple"),
    "recurrent": (nn.LSTM(3, 4), "computes lstm"),
    "image": (nn.Sequential(nn.Conv2d(1, 2, 3)), "input_shape="),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_by_name(name):
    model, message = REFUSED[name]
    with pytest.raises(ModelError, match=message) as caught:
        from_torch(model)
    assert "\n" not in str(caught.value)


def test_counts_take_modules_directly():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    box = regions.Box.cube(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        count = regions.count_regions(model, box)
    assert int(count) == int(regions.count_regions(from_torch(model), box))
    start = torch.tensor([0.1, 0.2], requires_grad=True)
    assert regions.polytope_at(model, start).A.shape == (8, 2)
