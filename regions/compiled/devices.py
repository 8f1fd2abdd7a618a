"""Which of JAX's devices do a piece of work: a small one is done sooner on the host."""

from typing import Any

import jax

from regions.network import ReluNetwork

SMALL_WORK = 2**26
"""Multiply-adds that a few cores do in the time that an accelerator takes to start,
to receive its input and to send back its result: some milliseconds."""


def devices_for(products: float, small: float = SMALL_WORK) -> tuple[Any, ...]:
    """The local devices for so many multiply-adds.

    All accelerators, or the host for small work; where the user chose a device
    (`jax_default_device`), that one.

    Args:
        products: Multiply-adds.
        small: With fewer, an accelerator is not worth its start.

    Example:
        >>> devices_for(1000)[0].platform
        'cpu'
    """
    chosen = jax.config.values.get("jax_default_device")
    if isinstance(chosen, jax.Device):
        return (chosen,)
    devices = tuple(jax.local_devices())
    if devices[0].platform == "cpu" or products >= small:
        return devices
    try:
        return tuple(jax.local_devices(backend="cpu"))
    except RuntimeError:  # The user left JAX no other platform.
        return devices


def on_accelerator(products: float, small: float = SMALL_WORK) -> bool:
    """Whether the devices for so much work are no host: its arrays stay there then.

    Example:
        >>> on_accelerator(1000)
        False
    """
    return devices_for(products, small)[0].platform != "cpu"


def num_products(network: ReluNetwork) -> int:
    """Multiply-adds at one point.

    Example:
        >>> num_products(ReluNetwork.from_arrays([[[1.0, 2.0]], [[1.0]]], None))
        2
    """
    return sum(
        matrix.size
        for index, layer in enumerate(network.hidden)
        for _, matrix in layer.blocks(index)
    )
