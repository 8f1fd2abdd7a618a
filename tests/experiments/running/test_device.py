import logging

import jax
import jax.numpy as jnp
import pytest

from experiments.running.device import device_line


class Gpu:
    platform, device_kind = "gpu", "NVIDIA H100"


@pytest.fixture(autouse=True)
def no_choice(monkeypatch):
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)


def test_a_cpu_is_named_with_its_cores():
    assert device_line().startswith("CPU, ")
    assert "GPU" not in device_line()


def test_a_driver_without_cuda_says_what_to_install(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    assert device_line().endswith("make install GPU=1")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert "GPU" not in device_line()


def test_a_failed_plugin_is_one_line(monkeypatch, capfd):
    log = logging.getLogger("jax._src.xla_bridge")
    real = jax.local_devices

    def looked_for():
        try:
            raise RuntimeError("driver 470\nis too old for CUDA 12")
        except RuntimeError:
            log.exception("plugin")
        return real()

    monkeypatch.setattr(jax, "local_devices", looked_for)
    handlers = list(log.handlers)
    line = device_line()
    assert line.endswith("a GPU is not used: driver 470 is too old for CUDA 12")
    assert capfd.readouterr().err == ""
    assert log.handlers == handlers


def test_a_gpu_that_works_is_named(monkeypatch):
    monkeypatch.setattr(jax, "local_devices", lambda: [Gpu, Gpu])
    assert device_line() == f"2 x NVIDIA H100 (JAX {jax.__version__})"


def test_a_gpu_without_memory_is_left_alone(monkeypatch):
    cpu = jax.devices("cpu")[0]
    before = jax.config.values["jax_default_device"]

    def full(shape):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")

    monkeypatch.setattr(
        jax, "local_devices", lambda backend=None: [cpu] if backend else [Gpu]
    )
    monkeypatch.setattr(jnp, "zeros", full)
    try:
        assert "RESOURCE_EXHAUSTED: out of memory" in device_line()
        assert jax.config.values["jax_default_device"] is cpu
    finally:
        jax.config.update("jax_default_device", before)
