"""Which device a run uses, and why: one line, whatever JAX has to say about it."""

import logging
import os
import shutil

_SHORT = 160
"""Characters of a driver's message that are shown."""


class _Heard(logging.Handler):
    """Keeps what JAX says while it looks for devices, in place of tracebacks."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.reasons: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the cause of a failure, or else the message."""
        error = record.exc_info[1] if record.exc_info else None
        text = " ".join(str(error or record.getMessage()).split())
        self.reasons.append(text[:_SHORT])


def device_line() -> str:
    """Find JAX's devices, make sure that they work, and say which ones they are.

    A GPU that cannot be used, having no driver that is recent enough or no memory left,
    is left alone: the run goes on on the CPU.

    Example:
        >>> device_line()  # doctest: +ELLIPSIS
        'CPU...'
    """
    import jax

    log, heard = logging.getLogger("jax._src.xla_bridge"), _Heard()
    handlers: list[logging.Handler] = log.handlers
    log.handlers, log.propagate = [heard], False
    try:
        devices = jax.local_devices()
    finally:
        log.handlers, log.propagate = handlers, True
    if devices[0].platform == "cpu":
        return _cpu_line(heard.reasons)
    try:
        jax.block_until_ready(jax.numpy.zeros(2**20) + 1.0)
    except jax.errors.JaxRuntimeError as error:
        jax.config.update("jax_default_device", jax.local_devices(backend="cpu")[0])
        return _cpu_line([" ".join(str(error).split())[:_SHORT]])
    number = f"{len(devices)} x " if len(devices) > 1 else ""
    return f"{number}{devices[0].device_kind} (JAX {jax.__version__})"


def _cpu_line(reasons: list[str]) -> str:
    """That the CPU is used, and what keeps a GPU from it if there is one."""
    cores = len(os.sched_getaffinity(0))
    line = f"CPU, {cores} core{'' if cores == 1 else 's'}"
    if os.environ.get("JAX_PLATFORMS") == "cpu":
        return line
    if reasons:
        return f"{line}; a GPU is not used: {reasons[-1]}"
    if shutil.which("nvidia-smi"):
        return f"{line}; for the NVIDIA GPU: make install GPU=1"
    return line
