import io
import re
import time

import pytest
from rich.console import Console

from tilewright.sim import progress
from tilewright.sim.progress import Progress


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_S", 0.05)
    monkeypatch.setattr(progress, "PLAIN_INTERVAL_S", 0.05)
    return Progress(Console(file=io.StringIO(), width=40))


def test_a_short_step_says_nothing(plain):
    with plain.step("quick"):
        pass
    assert plain.console.file.getvalue() == ""


def test_a_long_step_is_mentioned_while_it_runs_and_when_it_ends(plain):
    with plain.step("Building [rtl]") as step:
        step.detail = "a long file name that does not fit into forty columns.cpp"
        time.sleep(0.2)
    lines = plain.console.file.getvalue().splitlines()
    assert len(lines) >= 3
    assert lines[0].startswith("Building [rtl]: a long file name that does not fit into forty")
    assert lines[-1].startswith("Building [rtl]: 0.")


def test_an_error_passes_through_and_stops_the_thread(plain):
    with pytest.raises(ValueError, match="broken"), plain.step("doomed"):
        raise ValueError("broken")


def test_a_terminal_is_redrawn(monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    with Progress(console).step("Simulating") as step:
        step.detail = "42%"
        time.sleep(0.6)
    assert "Simulating: 42%" in console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80])
def test_a_step_takes_one_line_of_a_terminal(width):
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    with Progress(console).step("Connecting to the Dask cluster") as step:
        step.detail = "tls://scheduler.example.org:8786 of a rather long name, 12 of 144 workers"
        time.sleep(0.5)
    written = console.file.getvalue()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written)
    lines = [line for line in re.split(r"[\r\n]", shown) if line]
    assert lines
    assert all("Connecting" in line and len(line) <= width for line in lines)
    assert all(line.endswith("… (0 s)") for line in lines)
    # Over two lines the next one would be drawn from a line above.
    assert written.count("\x1b[1A") <= 1


def test_a_listener_hears_line_by_line(monkeypatch, capsys):
    monkeypatch.setattr(progress, "QUIET_S", 0.05)
    said = []
    told = progress.told_to(said.append)
    told.note("one\ntwo [b] " + 150 * "x", style="dim")
    with told.step("Slow"):
        time.sleep(0.1)
    assert said[:2] == ["one", "two [b] " + 150 * "x"]
    assert said[-1].startswith("Slow: 0.")
    assert capsys.readouterr() == ("", "")


def test_silence_is_silent(capsys):
    progress.silent().note("nothing")
    assert capsys.readouterr() == ("", "")
