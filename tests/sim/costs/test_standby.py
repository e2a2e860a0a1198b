"""Average power at a rate of inferences: by hand from a technology of round figures."""

import pytest

from tests.sim.technology.plain_technology import plain_file
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.costs.area import chip_sram_bits, estimate_area
from tilewright.sim.costs.standby import COIN_CELL_J, average_power


@pytest.fixture
def config(tmp_path) -> Config:
    figures = {
        "leakage.gate": 0.5,
        "leakage.sram_bit": 0.25,
        "leakage.gate_off": 0.01,
        "leakage.retained_bit": 0.02,
        "wake.gate": 0.125,
        "wake.time": 20_000,
        "memory.dram.standby": 300,
        "memory.dram.asleep": 7,
    }
    return Config("cpu-only", technology=plain_file(tmp_path, figures), memory_kind="dram")


def parts(config: Config) -> tuple[float, float, float]:
    """W while idle and asleep, J of a wake-up."""
    gates, bits = estimate_area(config).logic_ge, sum(chip_sram_bits(config).values())
    idle = gates * 0.5e-9 + bits * 0.25e-9 + 300e-6
    asleep = gates * 0.01e-9 + bits * 0.02e-9 + 7e-6
    return idle, asleep, gates * 0.125e-12 + 0.02 * idle


def test_both_ways_to_wait(config):
    idle, asleep, wake = parts(config)
    power = average_power(config, energy_j=5e-3, latency_s=0.03, rate_hz=4, battery_j=100)
    assert power.active == pytest.approx(0.12)
    computing = 4 * 5e-3
    ways = power.ways
    assert ways["idle"].average_w == pytest.approx(computing + 0.88 * idle)
    assert ways["asleep"].average_w == pytest.approx(computing + 4 * wake + 0.80 * asleep)
    assert ways["asleep"].battery_s == pytest.approx(100 / ways["asleep"].average_w)
    assert power.best == min(ways, key=lambda name: ways[name].average_w)


def test_no_time_to_wake(config):
    power = average_power(config, energy_j=5e-3, latency_s=0.03, rate_hz=25, battery_j=100)
    assert list(power.ways) == ["idle"]


def test_more_than_the_chip_can_compute(config):
    with pytest.raises(RequestError, match=r"--rate 40: .* takes 30 ms .* at most 33\.33 fit"):
        average_power(config, 5e-3, 0.03, 40, 100)


def test_a_coin_cell():
    assert pytest.approx(225e-3 * 3600 * 3) == COIN_CELL_J
