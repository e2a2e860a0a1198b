"""What a tool says while it runs, and when it fails."""

import sys

import pytest

from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.tools.run_tool import run_tool

SAID = """
1.2. Executing OPT_EXPR pass (perform const folding).
Info:     at initial placer iter 0, wirelen = 15662
Info:      82000 |    43335      38094 |  656   344 |      2338|      13.28     602.60|
"""


def test_stages_are_told(tmp_path) -> None:
    notes: list[str] = []
    run_tool([sys.executable, "-c", f"print({SAID!r})"], tmp_path / "log", "it", notes.append)
    assert notes == [
        "OPT_EXPR",
        "at initial placer iter 0, wirelen = 15662",
        "routing, 2,338 connections left",
    ]
    assert (tmp_path / "log").read_text() == SAID + "\n"


def test_errors_are_told_alone(tmp_path) -> None:
    script = "print('Info: fine'); print('ERROR: no room'); raise SystemExit(3)"
    words = r"it failed \(exit status 3\): ERROR: no room\nIts log"
    with pytest.raises(TilewrightError, match=words):
        run_tool([sys.executable, "-c", script], tmp_path / "log", "it")


def test_without_a_word_for_it_the_end_is_told(tmp_path) -> None:
    script = "print('\\n'.join(f'line {i}' for i in range(40))); raise SystemExit(1)"
    with pytest.raises(TilewrightError, match=r"(?s)line 25\n.*line 39") as caught:
        run_tool([sys.executable, "-c", script], tmp_path / "log", "it")
    assert "line 24" not in str(caught.value)
