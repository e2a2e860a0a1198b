"""What is said about a design's timing, from reports as nextpnr writes them; it does not run."""

import sys

import pytest

from tilewright.hw.spec.errors import TilewrightError
from tilewright.sim.fpga.placement import packed_resources, parse_report, place_and_route
from tilewright.sim.fpga.tools import Tool

COUNTER = "npu.control.count_TRELLIS_FF_Q_3"
SUM = "npu.sum_CCU2C_S0_1"
TARGET = "npu.done_TRELLIS_FF_Q"
CLOCK = "posedge clk"


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
        "fmax": {
            "clk": {"achieved": 111.1, "constraint": 60},
            "start": {"achieved": 250.0, "constraint": 25},
        },
        "critical_paths": [{"from": a, "to": b, "path": path} for a, b in ends],
        "utilization": {
            cell: {"used": used, "available": 10 * used} for cell, used in cells.items()
        },
    }


def test_report() -> None:
    placement = parse_report(
        report(("<async>", CLOCK), (CLOCK, CLOCK), (CLOCK, "<async>"), (CLOCK, "posedge start")),
        "ecp5",
    )
    assert placement.fmax_mhz == {"clk": 111.1}
    path = placement.slowest["clk"]
    assert (path.start, path.end) == ("npu.control.count", "npu.done")
    assert path.delay_ns == pytest.approx(9.0)
    assert path.logic_ns == pytest.approx(2.5)
    assert path.routing_ns == pytest.approx(6.5)
    assert path.signals == ("npu.control.count", "npu.sum", "npu.done")
    assert placement.resources == {
        "LUT": (300, 3000),
        "flip-flop": (120, 1200),
        "DSP": (4, 40),
        "block RAM": (2, 20),
    }


def test_multipliers_without_registers_have_no_clock() -> None:
    ground = "posedge $PACKER_GND_NET_$glb_clk"
    assert list(parse_report(report((ground, ground), (CLOCK, CLOCK)), "ecp5").slowest) == ["clk"]


def test_the_slowest_clock_is_the_chips() -> None:
    placement = parse_report(report((CLOCK, CLOCK), ("posedge start", "posedge start")), "ecp5")
    assert placement.chip_clock == "clk"


def test_a_design_without_clocked_paths_is_refused() -> None:
    with pytest.raises(TilewrightError, match="no path between registers"):
        parse_report(report(("<async>", CLOCK)), "ecp5")


def test_what_nextpnr_counted_before_it_gave_up(tmp_path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "Info:     3822 LCs used as LUT4 only\n"
        "Info: \t         ICESTORM_LC:    6723/   5280   127%\n"
        "Info: \t        ICESTORM_RAM:      38/     30   126%\n"
        "ERROR: Unable to place cell 'a', no BELs remaining\n"
    )
    assert packed_resources(log, "ice40") == {"LUT": 6723, "block RAM": 38}
    log.write_text("ERROR: cannot read\n")
    assert packed_resources(log, "ice40") == {}


def test_a_wire_without_a_way_asks_for_another_seed(tmp_path) -> None:
    program = "print(\"ERROR: Failed to route arc 0.0 of net 'clock.reset'.\"); exit(1)"
    nextpnr = Tool("nextpnr-ecp5", (sys.executable, "-c", program), "0.11")
    with pytest.raises(TilewrightError, match=r"(?s)clock\.reset.*Another --seed"):
        place_and_route(nextpnr, "ecp5", [], tmp_path, tmp_path / "log", lambda _: None)
