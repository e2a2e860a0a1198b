"""What holds for all tests."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _called_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that messages propose begin with how this process was called: not by pytest's own
    name, which differs from worker to worker."""
    monkeypatch.setattr(sys, "argv", ["sim/__main__.py", *sys.argv[1:]])
