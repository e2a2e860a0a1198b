"""Processes in the terminal, and as a file that says the same."""

import sys

import pytest

from tests.sim.technology.plain_technology import plain_file
from tilewright.hw.spec.soc_config import SocConfig
from tilewright.sim import __main__ as entry
from tilewright.sim.report.technologies import figure
from tilewright.sim.technology.read import read_technology, technologies


@pytest.fixture
def printed(monkeypatch, capsys):
    """What `technologies` with some arguments prints."""
    monkeypatch.setenv("COLUMNS", "240")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tilewright", "technologies", *arguments])
        assert entry.main() == 0
        return capsys.readouterr().out

    return call


def row(text, name):
    """Words of the only row that begins with a name."""
    (line,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
    return line.split()


def test_the_list_has_each_and_marks_the_default(printed):
    text = printed("list")
    assert all(len(row(text, name)) == 2 + 5 for name in technologies())
    titles = {name: " ".join(row(text, f"{name}:")) for name in technologies()}
    marked = {name: title.endswith("(the default)") for name, title in titles.items()}
    assert marked == {name: name == SocConfig().technology for name in technologies()}


def test_figures_are_those_at_the_supply(printed, tmp_path):
    plain = plain_file(tmp_path, {"array.product": 2, "area.gate": 4}, within=1.25)
    text = printed("show", plain, "--supply-mv", "800")
    assert "supply 800 mV of a nominal 1000; 800 to 1200 mV (made up)" in text
    # Energy goes with the square of the voltage: 2 x 0.64.
    assert row(text, "array.product")[:4] == ["array.product", "1.28", "pJ", "x1.25"]
    assert row(text, "area.gate")[1:3] == ["4", "um2"]


def test_a_printed_file_states_the_same(printed, tmp_path):
    values = {"bus.byte": 2e-5, "wake.time": 3_000_000, "array.product": 0.125}
    plain = plain_file(tmp_path, values)
    copy = tmp_path / "copy.yaml"
    copy.write_text(printed("show", plain, "--yaml"))
    assert read_technology(str(copy)) == read_technology(plain)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), (0.000123456, "0.000123"), (2e-5, "2.00e-05"), (999, "999"), (45678, "45,678")],
)
def test_three_digits(value, text):
    assert figure(value) == text
