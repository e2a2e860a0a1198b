"""The chip mapped to the cells of a Liberty library, kept under all that the result depends on.

Each block is mapped by itself (`map_cells`), so that each gate belongs to one; then the chip is
made flat. Memories that are SRAM by the rule of `verification.tools.silicon` stay memories; main
memory stands outside the chip.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.hw.verilog import SOC_MODULE
from tilewright.verification.gates.liberty import Cell, Library
from tilewright.verification.gates.liberty_writer import liberty_text
from tilewright.verification.gates.netlist import NETLIST, Netlist, read_netlist
from tilewright.verification.gates.usable import Usable, usable_cells
from tilewright.verification.tools.cache import cached
from tilewright.verification.tools.run_tool import Note, run_tool
from tilewright.verification.tools.silicon import GATED_BITS, SRAM_BITS, SRAM_PATHS, SRAM_WORDS
from tilewright.verification.tools.toolchain import versions

MAPPER = Path(__file__).with_name("map_cells.py")
OUTPUT_LOADS = 4
"""What an output of a block drives, in input capacitances of the driving cell, where cells are
sized."""

_MODULE = re.compile(r"^module \\(\S+)$\n(.*?)^end$\n", re.MULTILINE | re.DOTALL)
_INSTANCE = re.compile(r"^  cell \\(\S+) \\(\S+)$", re.MULTILINE)
_NUMBER = re.compile(r"\$\d+$")
_KIND = "netlists"


@dataclass(frozen=True)
class Design:
    """What is mapped: RTLIL, its top, and Verilog of module VexRiscv, which may lie in it."""

    text: str
    cpu: str
    top: str = SOC_MODULE


@dataclass(frozen=True)
class Flow:
    """How `map_cells` maps.

    Attributes:
        blocks: modules whose borders remain until cells are chosen.
        sram_modules: modules whose own memories are SRAM; see `verification.tools.silicon`.
        clock_gate: cell and pins; None without one.
        high, low: cell and pin of a constant; None where constants remain.
        driver: cell that drives a block's inputs where cells are sized.
        period_ps: delay that a block's logic is sized for.
        flatter: whether logic is made of fewer levels before cells are chosen.
    """

    blocks: tuple[str, ...]
    sram_modules: tuple[str, ...]
    clock_gate: dict[str, str] | None
    high: tuple[str, str] | None
    low: tuple[str, str] | None
    driver: str
    output_load_ff: float
    period_ps: int
    flatter: bool = False
    sram_words: int = SRAM_WORDS
    sram_bits: int = SRAM_BITS
    gated_bits: int = GATED_BITS


def chip_design(config: Config) -> Design:
    """The chip of ``config``, each distinct module once."""
    from amaranth.back import rtlil

    from tilewright.hw.netlist import unique_modules
    from tilewright.hw.soc.cpu import cpu_verilog
    from tilewright.hw.soc.soc import Soc

    text, _ = unique_modules(rtlil.convert(Soc(config), name=SOC_MODULE, emit_src=False))
    return Design(text, cpu_verilog(config.soc.cpu))


def map_design(
    design: Design,
    library: Library,
    blocks: Collection[str],
    clock_hz: float,
    dont_use: tuple[str, ...] = (),
    note: Note = lambda _: None,
    flatter: bool = False,
) -> Netlist:
    """The netlist of ``design`` in cells of ``library``; by Yosys in minutes, or from the cache.

    Parameters
    ----------
    blocks: paths of instances below the top, with dots and without Amaranth's numbers behind names;
        those that the design has are mapped by themselves.
    clock_hz: its period is what logic is sized for; where cells do not reach it, they are as
        quick as ABC makes them.
    dont_use: patterns of cells to leave out.
    note: called with what is going on.
    flatter: whether logic is made of fewer levels before cells are chosen, for the quickest clock.

    Raises RequestError where the library lacks cells, TilewrightError when Yosys fails.
    """
    usable = usable_cells(library, dont_use)
    cells = liberty_text(library, (*usable.logic, *usable.registers))
    flow = _flow(design, usable, blocks, clock_hz, flatter)
    texts = [design.text, design.cpu, design.top, cells, asdict(flow), MAPPER.read_text()]
    key = hashlib.sha256(json.dumps([texts, versions()["pyosys"]]).encode()).hexdigest()[:16]

    def build(folder: Path) -> None:
        files = {"soc.il": design.text, "cpu.v": design.cpu, "cells.lib": cells}
        files["flow.json"] = json.dumps(asdict(flow))
        for name, text in files.items():
            (folder / name).write_text(text)
        note("mapping to cells")
        run_tool([sys.executable, str(MAPPER), design.top], folder / "mapping.log", "Yosys", note)
        for path in folder.iterdir():
            if path.name != NETLIST:
                path.unlink()

    folder, _ = cached(_KIND, key, build)
    note("reading the netlist")
    return read_netlist(folder)


def _flow(
    design: Design, usable: Usable, blocks: Collection[str], clock_hz: float, flatter: bool
) -> Flow:
    modules = dict(_instances(design))
    driver = _driver(usable)
    gate = usable.clock_gate
    roles = ("enable", "clock", "out", "test")
    return Flow(
        blocks=tuple(sorted({modules[path] for path in blocks if modules.get(path)})),
        sram_modules=tuple(modules[path] for path in SRAM_PATHS if path in modules),
        clock_gate={"cell": gate.name} | {role: gate.pin_of_gate(role) for role in roles}
        if gate
        else None,
        high=usable.high,
        low=usable.low,
        driver=driver.name,
        output_load_ff=round(OUTPUT_LOADS * driver.inputs[0].capacitance, 3),
        period_ps=round(1e12 / clock_hz),
        flatter=flatter,
    )


def _driver(usable: Usable) -> Cell:
    """The smallest inverter or buffer."""
    found = [cell for cell in usable.logic if len(cell.inputs) == 1]
    if not found:
        raise RequestError(
            "the Liberty files have neither inverter nor buffer; give those of all of a library's "
            "standard cells"
        )
    return min(found, key=lambda cell: (cell.area, cell.name))


def _instances(design: Design) -> list[tuple[str, str]]:
    """Path and module of each instance below the top."""
    texts = dict(_MODULE.findall(design.text))
    if design.top not in texts:
        raise TilewrightError(f"the design has no module {design.top}")
    found: list[tuple[str, str]] = []

    def visit(path: str, module: str) -> None:
        for child, instance in _INSTANCE.findall(texts[module]):
            below = f"{path}.{_NUMBER.sub('', instance)}".lstrip(".")
            if child in texts:
                found.append((below, child))
                visit(below, child)

    visit("", design.top)
    return found
