"""Which devices do a piece of work, where accelerators are imagined."""

import jax
import pytest

from regions.compiled.devices import SMALL_WORK, devices_for, on_accelerator


class Gpu:
    platform = "gpu"


@pytest.fixture
def gpus(monkeypatch):
    """Two accelerators beside the host."""
    found, host = (Gpu(), Gpu()), jax.local_devices(backend="cpu")
    monkeypatch.setattr(
        jax, "local_devices", lambda backend=None: host if backend else list(found)
    )
    return found


def test_without_accelerators_the_host_does_everything():
    for products in (1, 2 * SMALL_WORK):
        assert devices_for(products) == tuple(jax.local_devices())
        assert not on_accelerator(products)


def test_small_work_is_the_host_s_and_large_work_all_accelerators_do(gpus):
    assert devices_for(SMALL_WORK - 1) == tuple(jax.local_devices(backend="cpu"))
    assert devices_for(SMALL_WORK) == gpus
    assert on_accelerator(10, small=10)
    assert not on_accelerator(9, small=10)


@pytest.mark.usefixtures("gpus")
def test_a_device_that_was_chosen_does_everything():
    cpu = jax.devices("cpu")[0]
    with jax.default_device(cpu):
        assert devices_for(2 * SMALL_WORK) == (cpu,)


def test_without_a_host_platform_the_accelerators_do_everything(monkeypatch):
    gpu = Gpu()

    def only(backend=None):
        if backend is not None:
            raise RuntimeError("Unknown backend cpu")
        return [gpu]

    monkeypatch.setattr(jax, "local_devices", only)
    assert devices_for(1) == (gpu,)
