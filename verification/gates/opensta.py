"""The same netlist timed by OpenSTA, where the user has it: a check of our own analysis.

It gets what `verification.gates.timing` takes for given: an ideal clock without transition time,
inputs that change with it and outputs that are due at it. Memories are left out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.verification.gates.cell_timing import cell_timing
from tilewright.verification.gates.liberty import Library
from tilewright.verification.gates.netlist import ONE, ZERO, Netlist
from tilewright.verification.tools.run_tool import Note, run_tool

PROGRAM = "sta"
_TOP = "chip"
_PERIOD_PS = 1e5
"""OpenSTA's single precision tells slacks of such a period to a hundredth of a picosecond."""
_SLACK = re.compile(r"^ *(-?[\d.]+) +slack", re.MULTILINE)
_WIRES = """library (wires) {{
  delay_model : table_lookup;
  time_unit : "1ps";
  voltage_unit : "1V";
  capacitive_load_unit (1, ff);
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20;
  slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80;
  slew_upper_threshold_pct_fall : 80;
  wire_load (stated) {{
    capacitance : 1;
    resistance : 0;
    slope : {length:g};
    fanout_length (1, {length:g});
  }}
}}
"""
_RUN = """{read}
read_liberty wires.lib
read_verilog chip.v
link_design {top}
set_wire_load_model -name stated -library wires
set_cmd_units -time ps
read_sdc chip.sdc
report_checks -path_delay max -digits 4
"""
_PIN = re.compile(r"^(?:Startpoint|Endpoint): (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Opinion:
    """What OpenSTA found.

    Attributes:
        period_ps: the shortest clock period.
        start, end: the longest path's registers, by the RTL's names, or ports.
    """

    period_ps: float
    start: str
    end: str


def find_opensta() -> str:
    """Its program. Raises RequestError without one."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise RequestError(
            f"OpenSTA is not there: no program {PROGRAM} on the PATH; on Debian and Ubuntu it is "
            "the package opensta"
        )
    return found


def time_by_opensta(
    netlist: Netlist,
    library: Library,
    folder: Path,
    wire_ff: float = 0.0,
    note: Note = lambda _: None,
) -> Opinion:
    """The longest path by OpenSTA, with ``wire_ff`` of wire for each input on a net.

    Leaves chip.v, chip.sdc, wires.lib, run.tcl and its log in ``folder``.

    Raises RequestError without OpenSTA, TilewrightError when it fails.
    """
    program = find_opensta()
    clock = _clock_port(netlist, library)
    period = _PERIOD_PS
    (folder / "chip.v").write_text("\n".join(verilog_lines(netlist)))
    (folder / "chip.sdc").write_text(_constraints(netlist, clock, period))
    read = "\n".join(f"read_liberty {{{Path(source).absolute()}}}" for source in library.sources)
    # Without a wire load of ours OpenSTA takes the library's own.
    (folder / "wires.lib").write_text(_WIRES.format(length=wire_ff))
    (folder / "run.tcl").write_text(_RUN.format(read=read, top=_TOP))
    log = folder / "opensta.log"
    run_tool([program, "-no_splash", "-exit", "run.tcl"], log, "OpenSTA", note)
    text = log.read_text()
    slack, ends = _SLACK.search(text), _PIN.findall(text)
    if slack is None or len(ends) < 2:
        raise TilewrightError(f"OpenSTA reports no path; its log is {log}")
    start, end = (_name(netlist, pin) for pin in ends[:2])
    return Opinion(period - float(slack[1]), start, end)


def verilog_lines(netlist: Netlist) -> Iterator[str]:
    """Structural Verilog of the gates: instances i0, i1, ... in their order, nets n2, n3, ..."""
    ports = {
        f"{name}_{bit}": (way, net)
        for way, listed in (("input", netlist.inputs), ("output", netlist.outputs))
        for name, nets in listed.items()
        for bit, net in enumerate(nets)
    }
    yield f"module {_TOP} ({', '.join(ports)});"
    for name, (way, _) in ports.items():
        yield f"  {way} {name};"
    for net in range(2, netlist.nets):
        yield f"  wire n{net};"
    for name, (way, net) in ports.items():
        left, right = (_net(net), name) if way == "input" else (name, _net(net))
        yield f"  assign {left} = {right};"
    for number, instance in enumerate(netlist.instances):
        pins = ", ".join(f".{pin}({_net(net)})" for pin, net in instance.pins.items())
        yield f"  {instance.cell} i{number} ({pins});"
    yield "endmodule\n"


def _net(number: int) -> str:
    return f"1'b{number}" if number in (ZERO, ONE) else f"n{number}"


def _clock_port(netlist: Netlist, library: Library) -> str:
    """Name of the port that clock pins are at."""
    clocks = {
        instance.pins[pin]
        for instance in netlist.instances
        for pin in cell_timing(library.cells[instance.cell]).clocks
        if pin in instance.pins
    }
    for name, nets in netlist.inputs.items():
        if clocks & set(nets):
            return f"{name}_0"
    raise TilewrightError("the netlist has no port that its registers are clocked by")


def _constraints(netlist: Netlist, clock: str, period: float) -> str:
    inputs = " ".join(
        name
        for port, nets in netlist.inputs.items()
        for bit in range(len(nets))
        if (name := f"{port}_{bit}") != clock
    )
    lines = [f"create_clock -name clock -period {period:g} [get_ports {clock}]"]
    if inputs:
        lines.append(f"set_input_delay 0 -clock clock [get_ports {{{inputs}}}]")
    if netlist.outputs:
        lines.append("set_output_delay 0 -clock clock [all_outputs]")
    return "\n".join(lines) + "\n"


def _name(netlist: Netlist, pin: str) -> str:
    """By the RTL's name, of an instance; a port has its own."""
    if not (number := re.fullmatch(r"i(\d+)", pin)):
        return f"port {pin}"
    instance = netlist.instances[int(number[1])]
    return f"{instance.signal}[{instance.bit}]" if instance.signal else instance.path
