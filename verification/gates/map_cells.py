"""Run by `verification.gates.mapping` in a process of its own: Yosys from RTL to a library's cells.

In the working directory lie soc.il, cpu.v, cells.lib and flow.json, `mapping.Flow` as a dictionary.
Leaves netlist.json, as `verification.gates.netlist` reads it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyosys import libyosys

REGISTER = "$reg"
"""End of the names of flip-flops that hold a bit of a register: signal[bit] in front."""

READ = "\\read_signals"
"""Attribute of memories: its own name, and the signals that each bit it reads is called by."""

_PLAIN = ("$_DFF_P_", "$_DFFE_PP_")
_FLATTENED = re.compile(r"^\$flatten((?:\\[^.]+\.)+)")

ABC = (
    "strash; &get -n; &fraig -x; &put; scorr; dc2; strash; &get -n; {flatter}&dch -f; &nf; &put; "
    "buffer -c; topo; stime -p; upsize -D {ps}; dnsize -D {ps}; stime -p"
)
"""As Yosys' own script for a library with loads: fan-out is buffered, and cells are sized for a
delay."""

FLATTER = "&st; &if -g -K 6; "
"""Logic of fewer levels in front of the choice of cells: chains, as of counters, become trees."""


def main(top: str) -> None:
    """Map the module ``top``."""
    flow = json.loads(Path("flow.json").read_text())
    design = libyosys.Design()

    def run(*commands: str) -> None:
        for command in commands:
            libyosys.run_pass(command, design)

    run("read_verilog cpu.v", "read_rtlil soc.il", f"hierarchy -check -top {top}", "proc")
    instances = _instances(design, top)
    # Each block is mapped by itself, so that each gate belongs to one.
    for module in flow["blocks"]:
        run(f"setattr -mod -set keep_hierarchy 1 {module}")
    run("flatten")
    # The reset sets a register's first value; a chip knows no other.
    run("setattr -unset init w:*", "synth -run coarse:fine -nofsm", "memory_collect")
    for module in _modules(design):
        for cell in _cells(module):
            if cell.type.str() == "$mem_v2" and _is_sram(module, cell, flow):
                cell.set_bool_attribute(libyosys.IdString("\\sram"), True)
    run("memory_map -attr !sram", "setattr -unset init w:*", "opt -undriven -fine", "techmap")
    run("opt -fast")
    if gate := flow["clock_gate"]:
        # A register with a reset beside its enable has a gated clock as well: the reset opens it.
        # At once, Yosys would make a multiplexer of the enable.
        for kinds in ((*_PLAIN, "$_SDFF_PP?_", "$_SDFFCE_PP?P_"), _PLAIN):
            cells = " ".join(f"-cell {kind} x" for kind in kinds)
            run(f"dfflegalize {cells}", "opt_expr", "opt_merge", "opt_clean")
        test = f"-tie_lo {gate['test']} " if gate["test"] else ""
        pins = f"{gate['enable']}:{gate['clock']}:{gate['out']}"
        run(f"clockgate -pos {gate['cell']} {pins} {test}-min_net_size {flow['gated_bits']}")
    run("dfflegalize -cell $_DFF_P_ x", "techmap", "opt_expr", "opt_merge", "opt_clean")
    _name_registers(design)
    Path("loads").write_text(
        f"set_driving_cell {flow['driver']}\nset_load {flow['output_load_ff']}\n"
    )
    Path("script").write_text(
        ABC.format(ps=flow["period_ps"], flatter=FLATTER if flow["flatter"] else "")
    )
    run("dfflibmap -liberty cells.lib", "opt_clean")
    run("abc -liberty cells.lib -constr loads -script script", "opt_clean")
    for module in flow["blocks"]:
        run(f"setattr -mod -unset keep_hierarchy {module}")
    run("flatten")
    if flow["high"] and flow["low"]:
        (high, high_pin), (low, low_pin) = flow["high"], flow["low"]
        run(f"hilomap -singleton -hicell {high} {high_pin} -locell {low} {low_pin}")
    run("opt_clean -purge", "write_json mapped.json")
    found = _compact(json.loads(Path("mapped.json").read_text())["modules"][top])
    Path("netlist.json").write_text(json.dumps(found | {"instances": instances}))
    Path("mapped.json").unlink()


def _modules(design: libyosys.Design) -> list[libyosys.Module]:
    return [
        module for module in design.modules_.values() if not module.get_blackbox_attribute(False)
    ]


def _cells(module: libyosys.Module) -> list[libyosys.Cell]:
    return list(module.cells_.values())


def _instances(design: libyosys.Design, top: str) -> dict[str, str]:
    """Module of each instance below the top, by its path with dots."""
    modules = {module.name.str(): module for module in _modules(design)}
    children = {
        name: [(cell.name.str()[1:], cell.type.str()) for cell in _cells(module)]
        for name, module in modules.items()
    }
    found: dict[str, str] = {}

    def visit(path: str, name: str) -> None:
        for instance, kind in children[name]:
            if kind in modules:
                found[path + instance] = kind[1:]
                visit(f"{path}{instance}.", kind)

    visit("", f"\\{top}")
    return found


def _is_sram(module: libyosys.Module, memory: libyosys.Cell, flow: dict[str, Any]) -> bool:
    """As `verification.area.map_gates` says; a name with a dot is one of a module below."""
    word, words = (
        memory.getParam(libyosys.IdString(name)).as_int(False) for name in ("\\WIDTH", "\\SIZE")
    )
    own = module.name.str()[1:] in flow["sram_modules"] and "." not in memory.name.str()
    return own or (words >= flow["sram_words"] and word * words >= flow["sram_bits"])


def _name_registers(design: libyosys.Design) -> None:
    """Call each flip-flop by the bit of a signal that it holds; others keep no name of a signal.

    Memories are told the signals that they are read into.
    """
    libyosys.run_pass("write_json registers.json", design)
    modules = json.loads(Path("registers.json").read_text())["modules"]
    for module in _modules(design):
        found = modules[module.name.str()[1:]]
        names = _names(found["netnames"])
        cells = module.cells_
        for name, cell in found["cells"].items():
            known = cells[libyosys.IdString(_identifier(name))]
            if cell["type"] == "$_DFF_P_" and (signal := names.get(cell["connections"]["Q"][0])):
                module.rename(known, libyosys.IdString(f"\\{signal}{REGISTER}"))
            elif cell["type"] == "$mem_v2":
                read = [names.get(net, "") for net in cell["connections"]["RD_DATA"]]
                known.set_string_attribute(libyosys.IdString(READ), json.dumps([name, *read]))


def _names(signals: dict[str, Any]) -> dict[int, str]:
    """The plainest name, with the number of the bit, of each net that the RTL has a name for."""
    names: dict[int, tuple[tuple[int, int, int], str]] = {}
    for name, signal in signals.items():
        rank = (name.count("$"), name.count("."), len(name))
        if signal["hide_name"]:
            continue
        for index, net in enumerate(signal["bits"]):
            if isinstance(net, int) and (net not in names or rank < names[net][0]):
                names[net] = rank, f"{name}[{index}]"
    return {net: name for net, (_, name) in names.items()}


def _identifier(name: str) -> str:
    """A name in JSON as Yosys has it."""
    return name if name.startswith("$") else f"\\{name}"


def _compact(module: dict[str, Any]) -> dict[str, Any]:
    """Inputs and outputs by name, cells with the path that they lie on, memories."""
    ports: dict[str, dict[str, list[int]]] = {"input": {}, "output": {}}
    for name, port in module["ports"].items():
        ports[port["direction"]][name] = _nets(port["bits"])
    cells: list[tuple[str, str, str, dict[str, int]]] = []
    memories: list[dict[str, Any]] = []
    for name, cell in module["cells"].items():
        if cell["type"] == "$scopeinfo":
            continue
        connections = {pin: _nets(bits) for pin, bits in cell["connections"].items()}
        if cell["type"] == "$mem_v2":
            parameters = {key: int(value, 2) for key, value in _numbers(cell["parameters"])}
            own, *signals = json.loads(cell["attributes"][READ[1:]])
            path = name.removesuffix(own)
            signals = [path + signal if signal else "" for signal in signals]
            memories.append(
                {"name": name, "parameters": parameters, "pins": connections, "read": signals}
            )
            continue
        found = _FLATTENED.match(name)
        path = found[1].replace("\\", "").rstrip(".") if found else ""
        cells.append(
            (name, path, cell["type"], {pin: bits[0] for pin, bits in connections.items()})
        )
    return {
        "inputs": ports["input"],
        "outputs": ports["output"],
        "cells": cells,
        "memories": memories,
    }


def _numbers(parameters: dict[str, str]) -> Iterator[tuple[str, str]]:
    return ((key, value) for key, value in parameters.items() if re.fullmatch("[01]+", value))


def _nets(bits: list[Any]) -> list[int]:
    """Numbers of nets from 2 on; constants 0 and 1, which is what may be made of unknown ones."""
    return [bit if isinstance(bit, int) else int(bit == "1") for bit in bits]


if __name__ == "__main__":
    main(sys.argv[1])
