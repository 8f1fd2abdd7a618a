"""Shared fixtures; turns on 64-bit floats and run-time shape checks."""

import jax
from jaxtyping import install_import_hook

jax.config.update("jax_enable_x64", True)
install_import_hook(
    ["regions", "training", "experiments"],
    "beartype.beartype(conf=beartype.BeartypeConf("
    "strategy=beartype.BeartypeStrategy.On))",
)
