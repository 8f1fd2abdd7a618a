"""The README: its Python runs, and what it names exists."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_there_is_a_python_example():
    assert BLOCKS


@pytest.mark.parametrize("block", BLOCKS)
def test_python_block_prints_what_its_comments_say(block, capsys):
    exec(compile(block, "README.md", "exec"), {})
    comments = re.findall(r"print\(.*\)  # (.*)$", block, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == comments


def test_named_files_exist():
    named = re.findall(r"(?:scripts|benchmarks|experiments)/[a-z_]+\.py", README)
    named += re.findall(r"\]\((docs/[^)#]+)\)", README)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_named_make_targets_exist():
    targets = set(re.findall(r"make ([a-z-]+)\b(?=`|  )", README))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"ring", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
