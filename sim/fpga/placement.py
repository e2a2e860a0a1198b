"""From a netlist to a placed and routed design: nextpnr, and what its report says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.hw.fpga.boards import FLIP_FLOP, RESOURCE_CELLS
from tilewright.hw.spec.errors import TilewrightError
from tilewright.sim.fpga.tools import Tool
from tilewright.verification.tools.run_tool import Note, run_tool

REPORT = "report.json"

_OPTIONS = ("--report", REPORT, "--timing-allow-fail", "--router", "router2")
OPTIONS: Mapping[str, Sequence[str]] = {
    "ecp5": (*_OPTIONS, "--placer", "static"),
    "ice40": _OPTIONS,
    "gowin": _OPTIONS,
}
"""Of every run of a family: a clock that is not reached is ours to judge; the other router takes
minutes longer on designs that fill their device; the other placer of the ECP5 leaves a large array
a third more wire than this one, which the router does not get onto the device.
"""

# Synthesis calls a cell or net by a signal that it belongs to and what it is itself.
_PRIMITIVE = re.compile(
    r"_(TRELLIS_FF|LUT4|PFUMX|L6MUX21|CCU2C|MULT18X18D|DP16KD|TRELLIS_DPR16X4"
    r"|LUT[1-4]|DFF[NESRPC]*|ALU|MUX2_LUT[5-8]|MULT9X9|MULT18X18|RAM16SDP4|SP|SPX9|SDPX9B|DPX9B"
    r"|SB_LUT4|SB_CARRY|SB_DFF[NESR]*|SB_MAC16|SB_RAM40_4K|SB_SPRAM256KA|DFFLC|LC)(_|$)"
    r"|\$|\[|\.\d"
)


# The clock input of multipliers without registers.
_GROUND = "$PACKER_GND"
_NO_ROUTE = "Failed to route"
_UTILISATION = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*\d+\s+\d+%$", re.MULTILINE)


@dataclass(frozen=True)
class TimingPath:
    """The way from a register to a register.

    Attributes
    ----------
    start, end: the registers, by signals that they belong to.
    delay_ns: all of it.
    logic_ns, routing_ns: what the delay is made of.
    signals: those on the way, in order, ends included.
    """

    start: str
    end: str
    delay_ns: float
    logic_ns: float
    routing_ns: float
    signals: tuple[str, ...]


@dataclass(frozen=True)
class Placement:
    """A placed and routed design.

    Attributes
    ----------
    fmax_mhz: by clock, the fastest it can have.
    slowest: by clock, the path that sets it.
    resources: kind -> (used, available); without kinds that nextpnr does not count.
    """

    fmax_mhz: Mapping[str, float]
    slowest: Mapping[str, TimingPath]
    resources: Mapping[str, tuple[int, int]]

    @property
    def chip_clock(self) -> str:
        """The clock with the longest path: that of the chip, since all others only start it."""
        return min(self.fmax_mhz, key=lambda clock: self.fmax_mhz[clock])


def place_and_route(
    nextpnr: Tool, family: str, options: Sequence[str], folder: Path, log: Path, note: Note
) -> None:
    """Runs nextpnr in ``folder`` and leaves its results and REPORT there.

    ``options`` name the device and the files. A clock that is not reached is no error. Raises
    TilewrightError when nextpnr fails.
    """
    command = [*nextpnr.command, *OPTIONS[family], *options]
    try:
        run_tool(command, log, nextpnr.name, note, folder)
    except TilewrightError as error:
        if _NO_ROUTE in str(error):
            raise TilewrightError(f"{error}\nAnother --seed places the chip anew") from None
        raise


def packed_resources(log: Path, family: str) -> dict[str, int]:
    """Kind -> how many are used, as nextpnr counted before placement; empty if it got not so far.

    A device that is too small makes nextpnr fail at some cell, after this count.
    """
    found = {line[1]: int(line[2]) for line in _UTILISATION.finditer(log.read_text())}
    cells = RESOURCE_CELLS[family]
    return {kind: found[cell] for kind, cell in cells.items() if cell in found}


def parse_report(report: Mapping[str, Any], family: str) -> Placement:
    """What nextpnr's report says. Raises TilewrightError for a design without clocked paths."""
    slowest: dict[str, TimingPath] = {}
    for path in report["critical_paths"]:
        clock = path["from"].removeprefix("posedge ")
        if path["from"] == path["to"] and clock != path["from"] and not clock.startswith(_GROUND):
            slowest[clock] = _path(path["path"])
    if not slowest:
        raise TilewrightError("nextpnr reports no path between registers")
    used = report["utilization"]
    return Placement(
        fmax_mhz={clock: report["fmax"][clock]["achieved"] for clock in slowest},
        slowest=slowest,
        resources={
            kind: (used[cell]["used"], used[cell]["available"])
            for kind, cell in RESOURCE_CELLS[family].items()
            if cell in used and not (family == "ice40" and kind == FLIP_FLOP)
        },
    )


def read_report(path: Path, family: str) -> Placement:
    """`parse_report` of a file."""
    return parse_report(json.loads(path.read_text()), family)


def _path(steps: Sequence[Mapping[str, Any]]) -> TimingPath:
    """Signals in order, each once for the cells and nets that are called by it."""
    signals: list[str] = []
    for step in steps:
        for name in (step["from"]["cell"], step.get("net", ""), step["to"]["cell"]):
            signal_name = _PRIMITIVE.split(name)[0]
            if signal_name and signal_name not in signals[-1:]:
                signals.append(signal_name)
    routing = sum(step["delay"] for step in steps if step["type"] == "routing")
    whole = sum(step["delay"] for step in steps)
    return TimingPath(
        start=_PRIMITIVE.split(steps[0]["from"]["cell"])[0] or "?",
        end=_PRIMITIVE.split(steps[-1]["to"]["cell"])[0] or "?",
        delay_ns=whole,
        logic_ns=whole - routing,
        routing_ns=routing,
        signals=tuple(signals),
    )
