"""Floors that a device sets itself, and the profile of a call."""

import jax
import jax.numpy as jnp

from benchmarks import floors
from benchmarks.trace import operations


def test_a_floor_is_the_larger_of_two(monkeypatch):
    monkeypatch.setattr(floors, "seconds_per_byte", lambda: 0.5)
    assert floors.floor(4, 3.0) == (3.0, "products")
    assert floors.floor(8, 3.0) == (4.0, "bytes")


def test_a_profile_names_the_operations_of_a_call_and_their_shares():
    product = jax.jit(lambda matrix: jnp.linalg.qr(matrix)[0])
    found = operations(lambda: product(jnp.ones((200, 200))))
    assert any("qr" in name.lower() or "thunk" in name.lower() for _, name in found)
    assert 0.0 < sum(share for share, _ in found) <= 1.0
