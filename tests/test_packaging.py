import ast
import importlib
import pathlib
import subprocess
import sys
import tomllib

import pytest

import regions
from experiments import NAMES

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["regions", "training", "experiments"])
def test_package_is_this_checkout(name):
    file = importlib.import_module(name).__file__
    assert file is not None
    assert pathlib.Path(file).is_relative_to(ROOT)


def test_importing_regions_loads_no_heavy_package():
    heavy = "{'jax', 'cvxpy', 'scipy', 'flint', 'matplotlib', 'flax', 'optax'}"
    code = f"import regions, sys; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_every_public_name_loads_from_the_package():
    assert regions.__all__
    for name in regions.__all__:
        assert getattr(regions, name).__name__ == name


def test_every_public_name_has_an_example_that_runs():
    """The examples run as doctests."""
    for name in regions.__all__:
        assert ">>> " in (getattr(regions, name).__doc__ or ""), name


def test_unknown_public_name_raises():
    with pytest.raises(AttributeError, match=r"'regions' has no attribute 'nothing'"):
        regions.nothing  # noqa: B018


def test_regions_has_at_most_25_rooms():
    """Files and folders alike, so that the map stays one page."""
    names = {p.name for p in (ROOT / "regions").iterdir()} - {"__pycache__"}
    assert len(names) <= 25, sorted(names)


def test_every_test_folder_is_a_package():
    folders = {file.parent for file in (ROOT / "tests").rglob("test_*.py")}
    assert folders
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_no_module_sets_a_global_jax_option():
    files = [
        file
        for package in ["regions", "training", "experiments"]
        for file in (ROOT / package).rglob("*.py")
    ]
    # The programs' one door leaves a GPU alone that does not work.
    files.remove(ROOT / "experiments" / "running" / "device.py")
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) != "jax.config.update", file


def test_every_study_is_named_and_kept_apart():
    folders = {file.parent.name for file in (ROOT / "experiments").glob("*/study.py")}
    assert folders == set(NAMES)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = (c["layers"] for c in contracts if c["name"].startswith("no study"))
    (studies,) = (layer for layer in layers if layer.count("|") > 20)
    kept_apart = {name.strip() for name in studies.split("|")}
    assert kept_apart == {f"experiments.{folder}" for folder in folders}
