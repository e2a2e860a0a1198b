"""The array and a lane of the requantiser in the ECP5's cells, against their RTL."""

import re
import subprocess
from pathlib import Path

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.netlist import to_verilog
from tilewright.hw.npu.compute.array import MacArray
from tilewright.hw.npu.compute.requantiser import RequantiserLane
from tilewright.hw.spec.settings import load_config
from tilewright.verification.cells.netlist import CELLS, NETLIST, write_cells
from tilewright.verification.cosim.build import HERE, NETLIST_FLAGS
from tilewright.verification.cosim.verilate import COMMON_FLAGS, EXECUTABLE, OPTIMISATION, verilate
from tilewright.verification.tools.toolchain import find_compiler

CYCLES = 4000


class Parts(Component):
    """Components side by side; all their inputs are one port, all their outputs another."""

    def __init__(self, parts: dict[str, Component]):
        self._parts = parts
        self.ports = {In: [], Out: []}
        for part in parts.values():
            for _, member, value in part.signature.flatten(part):
                self.ports[member.flow].append(Value.cast(value))
        self.widths = {flow: len(Cat(values)) for flow, values in self.ports.items()}
        super().__init__({"inputs": In(self.widths[In]), "outputs": Out(self.widths[Out])})

    def elaborate(self, platform):
        m = Module()
        for name, part in self._parts.items():
            m.submodules[name] = part
        m.d.comb += [Cat(self.ports[In]).eq(self.inputs), self.outputs.eq(Cat(self.ports[Out]))]
        return m


def parts() -> Parts:
    config = load_config(sets=("rows=2", "cols=2")).npu
    return Parts({"array": MacArray(config), "lane": RequantiserLane(config)})


@pytest.mark.rtl
def test_parts_of_the_array_do_the_same_as_cells(tmp_path) -> None:
    design = parts()
    text = rtlil.convert(design, name="cells", emit_src=False)
    write_cells({"cells.il": text}, "ecp5", "cells", tmp_path)
    sources = {
        "top.sv": Path(__file__).with_name("ecp5_lockstep.sv").read_text(),
        "rtl.v": to_verilog(design, "rtl"),
        "main.cpp": (HERE / "bare.cpp").read_text(),
        **{name: (tmp_path / name).read_text() for name in (NETLIST, CELLS)},
    }
    widths = design.widths
    sizes = {"CYCLES": CYCLES, "INPUTS": widths[In], "OUTPUTS": widths[Out]}
    flags = [*COMMON_FLAGS, "--timing", *NETLIST_FLAGS]
    flags += [f"-G{name}={value}" for name, value in sizes.items()]
    verilate(tmp_path, sources, flags, find_compiler(), dict.fromkeys(OPTIMISATION, "-O0"))
    done = subprocess.run(
        [tmp_path / EXECUTABLE], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
    moved = int(re.search(r"moved (\w+)", done.stdout)[1], 16)
    assert moved == (1 << widths[Out]) - 1
