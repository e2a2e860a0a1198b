"""Chips beside designs: what is measured and what is modelled never share a column."""

import re

import pytest
from rich.console import Console

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.chips.compare import compare, named_networks
from tilewright.sim.chips.published import baseline_chip, published_chips
from tilewright.sim.chips.rows import document, notes
from tilewright.sim.progress import Progress
from tilewright.sim.report.chips import print_chips


@pytest.fixture(scope="module")
def networks():
    return named_networks(["ad"], Progress())


@pytest.fixture(scope="module")
def rows(networks):
    return compare(networks, {"8x8": Config(), "slow": Config(clock_hz=1_000_000)}, Progress())


def test_measured_rows_are_the_published_ones(rows):
    measured = {row.name: row for row in rows if row.measured}
    assert set(measured) == {chip.name for chip in published_chips() if "ad" in chip.energy_j}
    m33 = measured["STM32U575, 160 MHz"]
    assert (m33.cycles, m33.speedup, m33.within) == (510_000, 1.0, None)
    assert m33.latency_s == pytest.approx(510e3 / 160e6)
    assert m33.energy_j == pytest.approx(77e-6)
    assert measured["GAP9, 240 MHz"].speedup == pytest.approx(510 / 65)


def test_modelled_rows_are_predictions(rows):
    fast, slow = (row for row in rows if not row.measured)
    assert fast.cycles == slow.cycles
    assert fast.speedup == pytest.approx(510_000 / fast.cycles)
    assert slow.latency_s == pytest.approx(100 * fast.latency_s)
    assert fast.within > 1
    assert fast.source is None


def test_columns_in_the_terminal(rows):
    console = Console(width=200, record=True)
    print_chips(rows, console)
    text = console.export_text()
    gap9 = next(line for line in text.splitlines() if line.strip().startswith("GAP9, 240"))
    assert re.search(r"240 MHz +65,000 +- +271 µs +- +5\.25 µJ +- ", gap9), gap9
    ours = next(line for line in text.splitlines() if line.strip().startswith("8x8"))
    assert re.search(r"100 MHz +- +[\d,]+ +- +\d+ µs +- +.*J x/÷", ours), ours
    assert "modelled ones are of our accelerator" in text


def test_the_document_says_what_is_measured(rows, networks):
    found = document(rows, {name: one.path for name, one in networks.items()})
    assert found["baseline"] == baseline_chip().name
    assert found["networks"] == {"ad": "built-in ad"}
    assert {row["name"]: row["measured"] for row in found["rows"]}["8x8"] is False


def test_every_source_is_told(rows):
    told = " ".join(notes(rows))
    assert all(chip.source in told for chip in published_chips() if "ad" in chip.energy_j)


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (["lenet"], "must be one of vww, kws, ic, ad"),
        (["ad", "ad"], "ad is there a second time"),
        (["ad=no-such.tflite"], "there is no such file"),
    ],
)
def test_wrong_networks(models, said):
    with pytest.raises(RequestError, match=said):
        named_networks(models, Progress())
