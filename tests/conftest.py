"""Shared fixtures; turns on 64-bit floats and run-time shape checks."""

import dataclasses
import functools
import gc
import inspect
import os
import pathlib
import sys
import typing
from collections.abc import Callable

# Tests compile much and run little: three quarters of the time go without XLA's
# optimizations, and what one process compiled, others read, and later runs, also those
# of other checkouts: what is kept is named by all that it was made of.
os.environ["XLA_FLAGS"] = " ".join(
    [
        os.environ.get("XLA_FLAGS", ""),
        "--xla_backend_optimization_level=0",
        "--xla_llvm_disable_expensive_passes=true",
        "--xla_cpu_use_fusion_emitters=false",
        "--xla_cpu_parallel_codegen_split_count=1",
    ]
)
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(
    pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    / "relu-regions"
    / "tests-jax"
)
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

import jax
import jaxtyping

jax.config.update("jax_enable_x64", True)
# Even where the environment forbids it: programs that tests start, and the next run,
# would compile every module anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Until all tests are collected.
gc.disable()


def checked_modules() -> list[str]:
    """Modules whose shapes are checked at every call.

    Enumeration and linear programs make so many small calls that checking them takes
    a quarter of the whole suite's time: `RELU_REGIONS_CHECK=all` does it.
    """
    if os.environ.get("RELU_REGIONS_CHECK") == "all":
        return ["regions", "training", "experiments"]
    files = (pathlib.Path(__file__).resolve().parents[1] / "regions").iterdir()
    names = {path.stem for path in files if path.suffix in ("", ".py")}
    inner = {"__init__", "__pycache__", "enumeration", "signs", "lp"}
    return [
        *(f"regions.{name}" for name in sorted(names - inner)),
        "training",
        "experiments",
    ]


def has_shapes(hint: object) -> bool:
    """Whether the shape of an array is part of a type hint, or may be."""
    if isinstance(hint, str | typing.ForwardRef):
        return True  # of a name that only type checkers may know
    if isinstance(hint, list):
        return any(map(has_shapes, hint))
    if getattr(hint, "__module__", "").startswith("jaxtyping"):
        return True
    return any(map(has_shapes, typing.get_args(hint)))


def jaxtyped(fn: typing.Any = None, *, typechecker: Callable) -> typing.Any:
    """`jaxtyping.jaxtyped`, but for functions without shapes: their types are checked.

    To keep the shapes of a call costs many times as much as to check its types, and
    most calls have none.
    """
    if fn is None:
        return functools.partial(jaxtyped, typechecker=typechecker)
    is_class = inspect.isclass(fn)
    if is_class and not dataclasses.is_dataclass(fn):
        return fn
    hints = (fn.__init__ if is_class else fn).__annotations__.values()
    if any(map(has_shapes, hints)):
        return with_shapes(fn, typechecker=typechecker)
    if not is_class:
        return typechecker(fn)
    fn.__init__ = typechecker(fn.__init__)
    return fn


with_shapes = jaxtyping.jaxtyped
jaxtyping.jaxtyped = jaxtyped
jaxtyping.install_import_hook(
    checked_modules(),
    "beartype.beartype(conf=beartype.BeartypeConf(violation_type=TypeError,"
    "strategy=beartype.BeartypeStrategy.On, is_pep484_tower=True))",
)


def pytest_collection_finish() -> None:
    """Leave what is there after collection out of the search for garbage.

    Millions of objects of libraries and tests live to the end, and each search among
    them takes longer than what it frees is worth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
