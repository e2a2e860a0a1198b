import shutil
from dataclasses import replace

import pytest

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area import Area
from tilewright.sim.results.result import Check, Host, Layer, ModelInfo, Output, RunResult

INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium: the installed one, or that of `playwright install chromium`."""
    from playwright.sync_api import Error, sync_playwright

    path = next(filter(None, map(shutil.which, INSTALLED)), None)
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            if path is not None or "playwright install" not in str(error):
                raise
            pytest.skip("no Chromium is installed; run: playwright install chromium")
        yield chromium
        chromium.close()


@pytest.fixture
def result():
    """Two layers and a start-up row with round figures, 1000 cycles in all at 100 MHz, 8x8."""
    layers = (
        Layer(
            name="start-up",
            op="start-up",
            engine="cpu",
            cycles=100,
            macs=0,
            mac_utilisation=None,
            events={"cpu_active_cycles": 100},
            energy_by_component_j={"cpu": 3e-9, "leakage": 1e-9},
            energy_most_j=8e-9,
        ),
        Layer(
            name="conv<1>[x]",
            op="CONV_2D",
            engine="npu",
            cycles=600,
            macs=32_000,
            mac_utilisation=32_000 / (600 * 64),
            stalls={"weights": 60, "drain": 30, "activations": 0},
            events={"mac": 32_000, "main_memory_read_bytes": 500, "main_memory_write_bytes": 7},
            energy_by_component_j={"array": 9e-9, "leakage": 6e-9},
            energy_most_j=20e-9,
        ),
        Layer(
            name="softmax",
            op="SOFTMAX",
            engine="cpu",
            cycles=300,
            macs=0,
            mac_utilisation=None,
            events={"cpu_active_cycles": 300},
            energy_by_component_j={"cpu": 9e-9, "leakage": 3e-9},
            energy_most_j=18.5e-9,
        ),
    )
    return RunResult(
        model=ModelInfo(
            name="net",
            path="net.onnx",
            sha256="00",
            macs=32_000,
            parameters=12,
            notes=("mind [it]",),
        ),
        config={**Config().flat(), "energy_table": "figures"},
        backend="rtl",
        clock_hz=100_000_000,
        layers=layers,
        outputs=(
            Output(name="y", shape=(1, 2), dtype="int8", scale=0.5, zero_point=-1, values=(3, -4)),
        ),
        check=Check(reference="functional", elements=2, mismatches=0),
        host=Host(build_s=0.0, simulate_s=0.5, cycles_per_s=2000.0),
        peak_sram_bytes=4096,
        area=Area({"array": 60_000.0, "cpu": 30_400.0, "scratchpad_sram": 32_800.0}, "estimate"),
        area_mm2=0.125,
    )


@pytest.fixture
def functional_result(result):
    """The same network from a backend that measures no cycles."""
    layers = tuple(
        replace(
            row,
            cycles=None,
            mac_utilisation=None,
            stalls={},
            events={},
            energy_by_component_j=None,
            energy_most_j=None,
        )
        for row in result.layers
    )
    host = Host(build_s=0.0, simulate_s=0.1, cycles_per_s=None)
    return replace(result, backend="functional", layers=layers, check=None, host=host)
