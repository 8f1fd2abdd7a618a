"""Shared fixtures; turns on 64-bit floats and run-time shape checks."""

import os

# Tests compile much and run little: half the time goes without XLA's optimizations.
os.environ["XLA_FLAGS"] = " ".join(
    [
        os.environ.get("XLA_FLAGS", ""),
        "--xla_backend_optimization_level=0",
        "--xla_llvm_disable_expensive_passes=true",
    ]
)

import jax
from jaxtyping import install_import_hook

jax.config.update("jax_enable_x64", True)
install_import_hook(
    ["regions", "training", "experiments"],
    "beartype.beartype(conf=beartype.BeartypeConf("
    "strategy=beartype.BeartypeStrategy.On))",
)
