"""A document of gate-level power made up by hand, and what is kept of it."""

import json

import pytest

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.measure.gate_runs import read_run
from tilewright.verification.gates.power.kinds import KINDS


def energy(**kinds):
    return dict.fromkeys(KINDS, 0.0) | kinds


def row(name, cycles, engine="npu", **more):
    return {
        "name": name,
        "engine": engine,
        "cycles": cycles,
        "stalls": {},
        "events": {},
        "accesses": {},
        "energy_pj": {"array": energy(), "scratchpad": energy(), "cpu": energy()},
    } | more


def document():
    conv = row(
        "conv",
        200,
        stalls={"weights": 40, "cpu": 10},
        events={"mac": 9, "main_memory_read_bytes": 30, "weight_buffer_write_bytes": 80}
        | {"scratchpad_read_bytes": 10 * Config().npu.port_bytes},
        accesses={
            "npu.memory.scratchpad.bank_0": {"reads": 7, "writes": 9},
            "npu.memory.scratchpad.bank_1": {"reads": 5, "writes": 0},
            "npu.memory.ring.memory": {"reads": 100, "writes": 0},
        },
        energy_pj={
            "array": energy(switching=1, internal=2, clock=40, clock_tree=20, leakage=500),
            "scratchpad": energy(switching=5, sram=7),
            "cpu": energy(sram=11),
        },
    )
    last = row("fc", 100, events={"main_memory_read_bytes": 10})
    last["energy_pj"]["array"] = energy(clock=35, clock_tree=5, leakage=250)
    return {
        "schema": "tilewright.power/1",
        "model": {"name": "net", "sha256": "00"},
        "config": {**Config().flat(), "rows": 4, "clock_hz": 50_000_000},
        "clock_hz": 50_000_000,
        "macros": [{"name": "SRAM"}],
        "area_um2": {"array": 300.0, "scratchpad": 60.0, "cpu": 40.0},
        "cycles": 300,
        "energy_pj": {"array": energy(leakage=750), "scratchpad": energy(), "cpu": energy()},
        # A row of one cycle tells nothing of what a block takes at rest.
        "layers": [conv, last, row("(interrupts)", 1), row("nothing", 0)],
    }


@pytest.fixture
def read(tmp_path):
    def call(found, nand2_um2=4.0):
        path = tmp_path / "p.json"
        path.write_text(found if isinstance(found, str) else json.dumps(found))
        return read_run(path, nand2_um2)

    return call


def test_the_run_as_a_whole(read):
    run = read(document())
    assert (run.network, run.sets) == ("net", "rows=4")
    assert run.gates == 100
    # 750 pJ in 300 cycles at 50 MHz, which are 6 us.
    assert run.leakage_w == pytest.approx(750e-12 / 6e-6)
    # Twelve reads of banks for ten words.
    assert run.banks == pytest.approx(1.2)
    # 60 pJ in 200 cycles, and 40 in 100.
    assert run.rest_pj["array"] == pytest.approx(0.3)
    assert [layer.name for layer in run.layers] == ["conv", "fc", "(interrupts)"]


def test_a_layer(read):
    conv, last, _ = read(document()).layers
    assert conv.logic_pj == {"array": 63, "scratchpad": 5, "cpu": 11}
    assert conv.sram_pj == {"scratchpad": 7}
    assert conv.dynamic_pj == 86
    # Of a document that does not tell weights of zero, all products cost.
    assert (conv.events["live_products"], conv.events["requantise"]) == (9, 0)
    assert (conv.events["npu_cycles"], conv.events["busy_cycles"]) == (190, 150)
    written = [layer.events["weight_buffer_write_bytes"] for layer in (conv, last)]
    assert written == [60, 20], "shared out as layers read"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "tilewright.run/1"}, "is no document of python -m sim power"),
        ({"macros": []}, "has no SRAM; give the macros' Liberty files"),
        ({"layers": 3}, "is no document of python -m sim power"),
    ],
)
def test_other_documents_are_refused(read, change, said):
    with pytest.raises(RequestError, match=rf"p\.json: {said}"):
        read(document() | change)


def test_what_is_no_document(read):
    with pytest.raises(RequestError, match=r"p\.json: is no document"):
        read("{")
