"""The report of power at gate level: sums reckoned by hand, and what is not known."""

import json
from dataclasses import replace
from io import StringIO

from rich.console import Console

from tests.documents import faults
from tilewright.hw.spec.settings import load_config
from tilewright.sim.report.power import print_power, write_power
from tilewright.sim.results.power import LayerPower, Macros, PowerResult, Technology
from tilewright.sim.results.result import Layer
from tilewright.verification.gates.power.kinds import KINDS

ZEROS = dict.fromkeys(KINDS, 0.0)
ENERGY = {
    "array": {**ZEROS, "switching": 3000.0, "internal": 1000.0, "clock": 500.0, "leakage": 100.0},
    "tables": {**ZEROS, "clock_tree": 100.0, "sram": 5000.0, "sram_leakage": 300.0},
}


def layer(name, cycles, scale):
    energy = {b: {k: v * scale for k, v in kinds.items()} for b, kinds in ENERGY.items()}
    row = Layer(
        name=name,
        op="Conv2d",
        engine="npu",
        cycles=cycles,
        macs=640,
        mac_utilisation=0.5,
        stalls={"drain": 3},
        events={"mac": 640},
    )
    return LayerPower(layer=row, energy_pj=energy, accesses={"npu.tables": (7, 0)})


RESULT = PowerResult(
    model="net",
    sha256="0" * 64,
    config=load_config().flat(),
    clock_hz=100e6,
    technology=Technology(
        name="small",
        corner="typical",
        voltage_v=1.2,
        temperature_c=25.0,
        files=("small.lib",),
        wire_ff=1.25,
        slew_ps=20.0,
        clock_buffers=12,
    ),
    cells={"INV": 1000, "DFF": 200},
    area_um2={"array": 3.0},
    registers=200,
    macros=(Macros(memory="npu.tables", words=256, bits=32, macro="RAM", macros=2),),
    memories=1,
    layers=(layer("conv0", 10, 1), layer("conv1", 30, 3)),
)


def printed(result):
    console = Console(width=120, record=True, file=StringIO())
    print_power(result, console)
    return [line.split() for line in console.export_text().splitlines()]


def test_power_by_block_and_energy_by_layer():
    """Ten pJ a cycle are a mW at 100 MHz; four times the energies stand in 40 cycles."""
    rows = {line[0]: " ".join(line[1:]) for line in printed(RESULT) if line}
    assert rows["tables"] == "0.000 0.000 0.000 1.000 3.000 50.000 54.000 54.0% 540.00"
    assert rows["array"] == "30.000 10.000 5.000 0.000 1.000 0.000 46.000 46.0% 460.00"
    assert rows["all"] == "30.000 10.000 5.000 1.000 4.000 50.000 100.000 100.0% 1,000.00"
    assert rows["conv1"] == "300.0 100.0 50.0 10.0 40.0 500.0 1,000.0 30 30 nJ"
    assert rows["net:"] == "40 nJ in 40 cycles, 100 mW at 100 MHz, 1,000.0 pJ a cycle"
    text = " ".join(word for line in printed(RESULT) for word in line)
    assert "glitches are not in it" in text
    assert "12 buffers of the clocks, 1.0% of all" in text
    assert "left out" not in text


def test_sram_without_its_files_is_not_known(tmp_path):
    energy = {"array": ENERGY["array"], "tables": {**ZEROS, "clock_tree": 100.0}}
    rows = tuple(replace(row, energy_pj=energy) for row in RESULT.layers)
    result = replace(RESULT, macros=(), layers=rows)
    lines = printed(result)
    assert next(line for line in lines if line[:1] == ["tables"])[6] == "unknown"
    assert "SRAM is left out: no Liberty file" in " ".join(word for line in lines for word in line)
    write_power(tmp_path / "p.json", result)
    document = json.loads((tmp_path / "p.json").read_text())
    assert document["energy_pj"]["tables"]["sram"] is None
    assert document["energy_pj"]["array"]["switching"] == 6000


def test_the_document_is_what_its_schema_says(tmp_path):
    write_power(tmp_path / "p.json", RESULT)
    document = json.loads((tmp_path / "p.json").read_text())
    assert faults(document) == []
    first = document["layers"][0]
    assert (first["cycles"], first["events"], first["stalls"]) == (10, {"mac": 640}, {"drain": 3})
    assert first["accesses"] == {"npu.tables": {"reads": 7, "writes": 0}}
    assert document["cycles"] == 40
