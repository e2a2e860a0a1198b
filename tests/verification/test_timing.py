"""What is said about a design's timing, from reports as nextpnr writes them; no tool runs."""

import re

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out
from amaranth.sim import Simulator

from hw.soc.placeable import Registered
from hw.spec.config import load_config
from hw.spec.errors import RequestError, TilewrightError
from verification import ecp5, timing

COUNTER = "npu.control.count_TRELLIS_FF_Q_3"
SUM = "npu.sum_CCU2C_S0_1"
TARGET = "npu.done_TRELLIS_FF_Q"


def step(kind: str, delay: float, source: str, sink: str, net: str = "") -> dict:
    ends = {"from": {"cell": source, "port": "Q"}, "to": {"cell": sink, "port": "D"}}
    return {"type": kind, "delay": delay, **ends, **({"net": net} if net else {})}


def report(*ends: tuple[str, str]) -> dict:
    """Paths between ``ends``, each of 9 ns, 6.5 of them on wires."""
    path = [
        step("clk-to-q", 0.5, COUNTER, COUNTER),
        step("routing", 4.0, COUNTER, SUM, "npu.control.count[3]"),
        step("logic", 1.75, SUM, SUM),
        step("routing", 2.5, SUM, TARGET, "npu.sum_LUT4_Z_1_D[2]"),
        step("setup", 0.25, TARGET, TARGET),
    ]
    cells = {"TRELLIS_COMB": 300, "TRELLIS_FF": 120, "MULT18X18D": 4, "DP16KD": 2}
    return {
        "fmax": {"$glbnet$clk": {"achieved": 111.1, "constraint": 60}},
        "critical_paths": [{"from": a, "to": b, "path": path} for a, b in ends],
        "utilization": {
            cell: {"used": used, "available": 10 * used} for cell, used in cells.items()
        },
    }


CLOCK = "posedge $glbnet$clk"


def test_report() -> None:
    placement = ecp5.parse_report(report(("<async>", CLOCK), (CLOCK, CLOCK), (CLOCK, "<async>")))
    assert placement.fmax_mhz == 111.1
    assert placement.slowest.delay_ns == pytest.approx(9.0)
    assert placement.slowest.logic_ns == pytest.approx(2.5)
    assert placement.slowest.signals == ("npu.control.count", "npu.sum", "npu.done")
    assert placement.resources["DSP 18x18"] == (4, 40)
    text = timing.describe(placement)
    assert "fastest clock: 111.1 MHz" in text
    assert "flip-flop: 120 of 1,200 (10%)" in text
    assert "slowest path: 9.0 ns, 2.5 ns of it logic" in text
    assert text.splitlines()[-3:] == ["  npu.control.count", "  npu.sum", "  npu.done"]


@pytest.mark.parametrize("clocks", [0, 2])
def test_one_clock_only(clocks: int) -> None:
    ends = [(f"posedge clk{i}", f"posedge clk{i}") for i in range(clocks)]
    with pytest.raises(TilewrightError, match=f"{clocks} clocks"):
        ecp5.parse_report(report(*ends))


def test_missing_nextpnr_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecp5.shutil, "which", lambda _: None)
    monkeypatch.setattr(ecp5.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(RequestError, match=r"nextpnr-ecp5 is not installed.*tilewright\[fpga\]"):
        ecp5.find_nextpnr()


def test_own_nextpnr_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecp5.shutil, "which", lambda name: f"/opt/{name}")
    assert ecp5.find_nextpnr() == ["/opt/nextpnr-ecp5"]


def test_a_tool_that_fails_shows_its_last_words(tmp_path, monkeypatch) -> None:
    (tmp_path / "wrong.v").write_text("module top(input a\n")
    with pytest.raises(TilewrightError, match=r"Yosys failed[^$]*wrong\.v"):
        ecp5.synthesise(["wrong.v"], "top", tmp_path)
    assert "wrong.v" in (tmp_path / "synthesis.log").read_text()


def test_synthesis_says_what_it_does(tmp_path) -> None:
    (tmp_path / "gate.v").write_text(
        "module gate(input a, b, output y); assign y = a & b; endmodule"
    )
    notes: list[str] = []
    netlist = ecp5.synthesise(["gate.v"], "gate", tmp_path, notes.append)
    assert "LUT4" in netlist.read_text()
    assert any("ABC" in note for note in notes)


def test_parts_have_few_pins(tmp_path) -> None:
    sets = ["rows=2", "cols=2", "scratchpad_bytes=4096", "weight_buffer_bytes=1024"]
    for part in timing.PARTS:
        config = load_config(sets=[*timing.PARTS[part], *sets])
        names = timing.write_sources(config, part, tmp_path)
        text = (tmp_path / names[-1]).read_text()
        top = text[text.index(f"module \\{timing.TOP}\n") :].partition("\nend\n")[0]
        assert len(re.findall(r"^  wire .*(?:input|output) \d+ ", top, re.MULTILINE)) == 4


class Sum(Component):
    a: In(5)
    b: In(3)
    total: Out(6)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.total.eq(self.a + self.b)
        return m


def test_registered_ports_reach_the_block() -> None:
    dut = Registered(Sum())
    a, b = 22, 5

    async def bench(ctx) -> None:
        # The bit that enters first ends in the highest bit of the last input.
        for bit in f"{b:03b}{a:05b}":
            ctx.set(dut.serial_in, int(bit))
            await ctx.tick()
        ctx.set(dut.serial_in, 0)
        await ctx.tick().repeat(2)
        ctx.set(dut.serial_in, 1)  # the result enters the shift register
        await ctx.tick()
        ctx.set(dut.serial_in, 0)
        result = 0
        for _ in range(6):
            await ctx.tick()
            result = result << 1 | ctx.get(dut.serial_out)
        assert result == a + b

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
