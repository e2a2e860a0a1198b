"""Tables of chips: a figure stands under measured or under modelled."""

import pytest
from rich.console import Console

from tilewright.sim.chips.rows import Row
from tilewright.sim.report.chips import print_chips

MEASURED = Row(
    network="kws",
    name="Chip",
    process="40 nm",
    clock_hz=200_000_000,
    measured=True,
    cycles=4000,
    latency_s=20e-6,
    energy_j=3e-6,
    within=None,
    speedup=2.5,
    source="its paper",
)
MODELLED = Row(
    network="kws",
    name="rows=4",
    process="plain",
    clock_hz=50_000_000,
    measured=False,
    cycles=1000,
    latency_s=20e-6,
    energy_j=5e-6,
    within=1.75,
    speedup=None,
    source=None,
)


@pytest.fixture
def lines():
    console = Console(width=200, record=True)
    print_chips([MEASURED, MODELLED], console)
    return console.export_text().splitlines()


def cells(lines, name):
    """A row's words, joined again."""
    (line,) = [line for line in lines if line.strip().startswith(f"{name} ")]
    return " ".join(line.split())


def test_each_kind_has_columns_of_its_own(lines):
    assert cells(lines, "Chip") == "Chip 4,000 - 20 µs - 3 µJ - 2.5 40 nm"
    assert cells(lines, "rows=4, 50 MHz") == "rows=4, 50 MHz - 1,000 - 20 µs - 5 µJ x/÷1.8 - plain"


def test_sources_stand_below(lines):
    assert "Chip: its paper." in "\n".join(lines)
