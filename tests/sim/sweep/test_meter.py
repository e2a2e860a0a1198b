import io
import re

import pytest
from rich.console import Console

from tilewright.sim.sweep.meter import Meter


@pytest.fixture
def clock(monkeypatch):
    """Seconds, in a list that the test changes."""
    now = [100.0]
    monkeypatch.setattr("tilewright.sim.sweep.meter.time.monotonic", lambda: now[0])
    return now


def test_rate_time_left_and_what_is_not_ok(clock):
    meter = Meter(Console(file=io.StringIO()), "Sweep", 1001)
    assert meter.line() == "0 of 1,001 points"
    clock[0] += 9
    meter.count("ok")
    assert meter.line() == "1 of 1,001 points"
    clock[0] += 5
    for status in ["ok"] * 8 + ["unmappable", "failed"]:
        meter.count(status)
    # Ten in the five seconds since the first.
    assert meter.line() == (
        "11 of 1,001 points, 2 points/s, 8 min 15 s left, 1 failed, 1 unmappable"
    )
    meter.expect(-990)
    assert meter.line().startswith("11 of 11 points, 47.1 points/min, 14 s")


def test_high_rates_are_plain_numbers(clock):
    meter = Meter(Console(file=io.StringIO()), "Sweep", 2494)
    clock[0] += 1
    for _ in range(2494):
        meter.count("ok")
    assert meter.line() == "2,494 of 2,494 points, 2,490 points/s, 1 s"


def test_plain_lines_come_now_and_then(clock):
    said = io.StringIO()
    with Meter(Console(file=said), "Sweep", 100) as meter:
        for _ in range(40):
            clock[0] += 1
            meter.count("ok")
    lines = said.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "Sweep: 2 of 100 points",
        "Sweep: 17 of 100 points",
        "Sweep: 32 of 100 points",
        "Sweep: 40 of 100 points",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
def test_a_bar_takes_one_line_of_a_terminal(clock, width):
    said = io.StringIO()
    console = Console(file=said, force_terminal=True, width=width, color_system=None)
    with Meter(console, "Sweep", 12_960) as meter:
        for number in range(4000):
            clock[0] += 0.01
            meter.count("ok" if number % 50 else "unmappable")
        meter._bar.refresh()
        written = said.getvalue()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written)
    last = shown.replace("\n", "\r").split("\r")[-1]
    assert last.startswith("Sweep ")
    assert len(last) <= width
    assert "4,000 of 12,960 points" in last
    # Over a bar of two lines the next one would be drawn from a line above.
    assert "\x1b[1A" not in written
    if width >= 80:
        assert "left" in last


def test_a_terminal_gets_a_bar():
    said = io.StringIO()
    console = Console(file=said, force_terminal=True, width=100)
    with Meter(console, "Sweep", 3) as meter:
        meter.count("ok")
        meter.expect(2)
        meter.count("failed")
    assert "Sweep" in said.getvalue()
    assert "2 of 5 points" in said.getvalue()
