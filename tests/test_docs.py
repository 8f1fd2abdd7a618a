"""The site: its Python runs and prints what it says, its commands and files exist."""

import argparse
import importlib
import pathlib
import re
import shlex

import pytest

import regions
from experiments.running.command_names import COMMANDS

DOCS = pathlib.Path(__file__).resolve().parents[1] / "docs"
HOW_TO = sorted(f"how-to/{file.name}" for file in (DOCS / "how-to").iterdir())
TOURS = ["index.md", "first-hour.md", *HOW_TO]
PAGES = [*TOURS, "concepts.md", "commands.md", "findings.md"]


def _blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", TOURS)
def test_python_of_a_page_prints_what_its_comments_say(
    page, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    code = "\n".join(_blocks(page, "python"))
    exec(compile(code, page, "exec"), names)
    expected = re.findall(r"print\(.*\)  # (.*)$", code, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == expected


def _commands(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    lines = "\n".join(_blocks(page, "sh")).splitlines()
    lines += re.findall(r"`(relu-regions [^`]+)`", text)
    return [line for line in lines if line.startswith("relu-regions ")]


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_are_understood(page, monkeypatch):
    """Each line is parsed by its command; files need not exist."""
    for line in _commands(page):
        name, *words = shlex.split(line.split(" > ")[0], comments=True)[1:]
        if name.startswith("--"):
            continue
        assert name in COMMANDS, line
        module = importlib.import_module(
            f"experiments.commands.{COMMANDS[name].module}"
        )
        monkeypatch.setattr(argparse.ArgumentParser, "exit", _refuse)
        if "--help" not in words and "x.npy" not in line:
            module.parse(words)


def _refuse(parser, status=0, message=None):
    raise AssertionError(message)


def test_every_command_is_on_the_page_of_commands():
    found = {line.split()[1] for line in _commands("commands.md")}
    assert found == set(COMMANDS)


def test_names_of_the_reference_are_public():
    pages = "\n".join(p.read_text(encoding="utf-8") for p in (DOCS / "api").iterdir())
    found = re.findall(r"^::: regions\.(\w+)$", pages, re.MULTILINE)
    assert found
    assert set(found) <= set(regions.__all__)
    assert len(found) == len(set(found))
