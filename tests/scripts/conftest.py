"""What all tests of commands need."""

import sys

import pytest


@pytest.fixture(autouse=True)
def keep_program_name(monkeypatch):
    """Commands write the name they are called by where Python keeps it."""
    monkeypatch.setattr(sys, "argv", list(sys.argv))
