"""Files of technologies: what is right, what is refused and how, what is scaled."""

import pytest

from tests.sim.technology.plain_technology import plain_file, plain_text
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.soc_config import SocConfig
from tilewright.sim.technology.items import ITEMS
from tilewright.sim.technology.read import read_technology, technologies, technology_of


def refused(tmp_path, text: str) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(RequestError) as caught:
        read_technology(str(path))
    read_technology.cache_clear()
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_file_of_the_users(tmp_path):
    found = read_technology(plain_file(tmp_path, {"array.product": 0.25, "delay.fo4": 30}))
    assert (found.name, found.node_nm, found.supply_mv) == ("plain", 100, 1000)
    assert found.value("array.product") == pytest.approx(0.25e-12)
    assert found.value("delay.fo4") == pytest.approx(30e-12)
    assert found.value("leakage.gate") == pytest.approx(1e-9)
    assert found.within("array.product") == 1.5


@pytest.mark.parametrize("written", ["2e-5", "2E-05", "2.0e-5", ".2e-4", "0.00002"])
def test_numbers_may_have_an_exponent(tmp_path, written):
    found = read_technology(plain_file(tmp_path, {"bus.byte": written}))
    read_technology.cache_clear()
    assert found.value("bus.byte") == pytest.approx(2e-17)


@pytest.mark.parametrize("name", technologies())
def test_those_of_the_package_state_every_figure_with_its_source(name):
    found = read_technology(name)
    assert found.name == name
    assert tuple(found.lines) == tuple(ITEMS)
    assert all(line.source and line.within >= 1 for line in found.lines.values())


def test_the_default_one_is_there():
    assert technology_of(Config()).name == SocConfig().technology


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: plain", "name: 3", "name = 3: must be a text"),
        ("name: plain\n", "", "has no name, which must be a text"),
        ("basis: published", "basis: guessed", "basis = 'guessed': must be one of derived,"),
        ("node_nm: 100", "node_nm: -1", "node_nm = -1: must be a whole number above 0"),
        ("node_nm: 100", "node_nm: 100\nnodes: 4", "unknown key 'nodes'"),
        ("nominal_mv: 1000", "nominal_mv: 1300", "lowest_mv <= nominal_mv <= highest_mv does not"),
        ("  alpha: 2\n", "", "voltage: has no alpha"),
        (
            "item: array.product",
            "item: array.prodct",
            "unknown item 'array.prodct'; did you mean array.product",
        ),
        ("item: array.product", "item: sram.bit", "sram.bit is there a second time"),
        ("value: 1, unit: um2", "value: 1, unit: mm2", "is stated in 'mm2': must be in um2"),
        ("value: 1, unit: um2", "value: .nan, unit: um2", "value = nan: must be a number above 0"),
        ("value: 1, unit: um2", "value: true, unit: um2", "value = True: must be a number above"),
        ("within: 1.5", "within: 0.5", "must be a factor of 1 or more"),
        ("lines:\n", "lines: 4\nother:\n", "unknown key 'other'"),
        ("lines:\n", "lines: [\n", "is not a YAML file"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, said):
    text = plain_text()
    assert old in text
    assert said in refused(tmp_path, text.replace(old, new, 1))


def test_a_missing_figure_is_named(tmp_path):
    text = "".join(line for line in plain_text().splitlines(True) if "bus.byte" not in line)
    assert "has no line for bus.byte" in refused(tmp_path, text)


@pytest.mark.parametrize("name", ["fdsoi2", "no-such", "../fdsoi22", ""])
def test_an_unknown_name(name):
    with pytest.raises(RequestError, match="does not exist"):
        read_technology(name)


def test_a_missing_file(tmp_path):
    with pytest.raises(RequestError, match=r"no-such\.yaml: cannot be read"):
        read_technology(str(tmp_path / "no-such.yaml"))


SCALED = """\
name: smaller
title: Round figures, half the length
node_nm: 50
corner: typical
basis: scaled
voltage: {nominal_mv: 900, lowest_mv: 900, highest_mv: 900, threshold_mv: 400, alpha: 2,
          leakage_exponent: 3, source: made up}
scaled_from:
  technology: plain.yaml
  energy: {factor: 0.5, within: 2, source: half the capacitance}
  area: {factor: 0.25, within: 1.1, source: half the length}
  leakage: {factor: 3, within: 4, source: guessed}
  delay: {factor: 0.75, within: 1.2, source: guessed}
lines:
  - {item: leakage.gate, value: 7, unit: nW, within: 1, source: measured}
"""


def test_lines_that_are_scaled(tmp_path):
    plain_file(tmp_path, {"area.gate": 8, "sram.write": 1.25})
    path = tmp_path / "smaller.yaml"
    path.write_text(SCALED)
    found = read_technology(str(path))
    assert found.value("array.product") == pytest.approx(0.5e-12)
    assert found.value("area.gate") == 2
    assert found.value("leakage.sram_bit") == pytest.approx(3e-9)
    assert found.value("leakage.gate") == pytest.approx(7e-9), "stated lines are not scaled"
    assert found.value("delay.fo4") == pytest.approx(0.75e-12)
    assert found.value("sram.write") == 1.25, "a ratio stays"
    assert found.within("array.product") == 3
    assert found.lines["array.product"].source == "plain.yaml x 0.5: half the capacitance"


def test_technologies_that_are_scaled_from_each_other(tmp_path):
    text = SCALED.replace("technology: plain.yaml", "technology: mine.yaml")
    assert "is scaled from itself" in refused(tmp_path, text)


def test_another_supply(tmp_path):
    name = plain_file(tmp_path, {"array.product": 2, "leakage.gate": 8, "delay.fo4": 36})
    lower = technology_of(Config(technology=name, supply_mv=800))
    assert lower.value("array.product") == pytest.approx(2e-12 * 0.64)
    assert lower.value("leakage.gate") == pytest.approx(8e-9 * 0.512)
    # 0.8 / 0.4^2 over 1 / 0.6^2
    assert lower.value("delay.fo4") == pytest.approx(36e-12 * 5 / (1 / 0.36))
    assert lower.value("area.gate") == 1
    with pytest.raises(RequestError, match=r"supply_mv = 700: .* is known at 800\.\.1200 mV"):
        technology_of(Config(technology=name, supply_mv=700))
