"""Expected values are worked out by hand from the published figures."""

import math
from importlib.resources import files

import pytest
import yaml

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import SocConfig
from tilewright.sim.costs.area import estimate_area
from tilewright.sim.costs.energy import COMPONENTS, energy_table

TABLE = energy_table()


@pytest.mark.parametrize(
    ("event", "component", "picojoules"),
    [
        ("mac", "array", 0.3),
        ("accumulator_access", "accumulators", 0.1),
        ("requantise", "requantiser", 3.4),
        ("main_memory_read_bytes", "main_memory", 1300 / 8),
        ("main_memory_write_bytes", "bus", 310 / 32 / 10),
        ("cpu_active_cycles", "cpu", 34),
        ("cpu_sleep_cycles", "cpu", 3.4),
    ],
)
def test_picojoules_of_an_event(event, component, picojoules):
    joules = TABLE.of(Config()).by_component({event: 1000}, 0)
    assert joules[component] == pytest.approx(picojoules * 1e-9, rel=2e-3)


@pytest.mark.parametrize(
    ("capacity", "picojoules"),
    [
        (8192, 10.0),
        (32768, 20.0),
        (1 << 20, 100.0),
        (16384, 10 * math.sqrt(2)),  # 8 to 32 KB: x4 in size, x2 in energy
        (2048, 5.0),
        (32768 * 2**2.5, 20 * math.sqrt(5)),  # half way to 1 MB, in logarithms
    ],
)
def test_sram_access_grows_with_capacity(capacity, picojoules):
    assert TABLE.sram_byte_j(capacity) * 8 == pytest.approx(picojoules * 1e-12)


def test_scratchpad_energy_is_that_of_one_bank():
    config = Config(npu=NpuConfig(scratchpad_bytes=64 * 1024, scratchpad_banks=2))
    joules = TABLE.of(config).by_component({"scratchpad_read_bytes": 16}, 0)
    assert joules["scratchpad"] == pytest.approx(2 * 20e-12)


def test_leakage_follows_time_memory_and_logic():
    config = Config(soc=SocConfig(clock_hz=50_000_000))
    joules = TABLE.of(config).by_component({}, 50_000_000)
    # Data, tags of 22 bits of two caches of 4 KB; answers of 64 bits and tags of 30 in transfers.
    caches = 2 * (4096 + 128 * 22 / 8)
    # 256 exponentials for each of 8 lanes, in place of two tables of 256 bytes.
    tables = 4 * 256 * 8
    memory = ((64 + 16) * 1024 + caches + tables + 127 * (64 + 30) / 8) * 188e-9
    logic = estimate_area(config).logic_ge * 17.39e-9
    assert joules["leakage"] == pytest.approx(memory + logic)
    cpu_only = load_config("cpu-only")
    gates = estimate_area(cpu_only).logic_ge
    assert TABLE.leakage_w(cpu_only) == pytest.approx(gates * 17.39e-9 + caches * 188e-9)


def test_an_unknown_event_is_an_error():
    with pytest.raises(KeyError, match="macs"):
        TABLE.of(Config()).by_component({"macs": 1}, 0)


def test_every_line_names_its_source_and_process():
    data = yaml.safe_load(files("tilewright.sim.costs").joinpath("energy_45nm.yaml").read_text())
    for section in ("events", "sram_access", "leakage"):
        for line in data[section]:
            assert line["source"], line
            assert line["process"].endswith("nm"), line
    components = {line["component"] for line in (*data["events"], *data["sram_events"])}
    assert components | {"leakage"} == set(COMPONENTS)
