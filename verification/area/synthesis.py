"""The chip as gates: Yosys maps each module once, and the result is kept under the module's text.

Modules keep their borders, so that equal ones are mapped once, and another configuration maps only
the modules that differ. Memories that are SRAM (`verification.tools.silicon`) are counted in
bits; main memory stands outside the chip.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.verilog import SOC_MODULE
from tilewright.verification.tools.cache import cached, kept
from tilewright.verification.tools.run_tool import run_tool
from tilewright.verification.tools.silicon import GATED_BITS, SRAM_BITS, SRAM_PATHS, SRAM_WORDS
from tilewright.verification.tools.toolchain import versions

RULES: Mapping[str, int | list[str]] = {
    "sram_modules": [f"{SOC_MODULE}_{path.replace('.', '_')}" for path in SRAM_PATHS],
    "sram_words": SRAM_WORDS,
    "sram_bits": SRAM_BITS,
    "gated_bits": GATED_BITS,
}
"""What `map_gates` is told of SRAM and gated clocks; modules are called by their first instance."""

LIBRARY = Path(__file__).with_name("cells_45nm.genlib")
MAPPER = Path(__file__).with_name("map_gates.py")
NAND2, FLIP_FLOP, CLOCK_GATE = "NAND2_X1", "$_DFF_P_", "CLKGATE_X1"

_GATE = re.compile(r"^GATE +(\S+) +(\d+)", re.MULTILINE)
_MODULE = re.compile(r"^module \\(\S+)$\n(.*?)^end$\n", re.MULTILINE | re.DOTALL)
_INSTANCE = re.compile(r"^  cell \\(\S+) \\(\S+)$", re.MULTILINE)
_CPU = "VexRiscv"
_KIND = "gates"

SITES: Mapping[str, int] = {
    **{name: int(sites) for name, sites in _GATE.findall(LIBRARY.read_text())},
    # From the same source as the library; DFF_X1 for Yosys' flip-flop.
    FLIP_FLOP: 17,
    CLOCK_GATE: 13,
}
"""Cell types that a module may consist of, and their widths in placement sites."""


@dataclass(frozen=True)
class Module:
    """What a module was mapped to, without the modules in it.

    Attributes:
        gates: gate equivalents, registers and clock gates included.
        sram_bits: bits of SRAM.
        free: flip-flops that the clock reaches in every cycle.
        gated: flip-flops that it reaches when their clock gate lets it through.
        clock_gates: those gates; the clock reaches each in every cycle.
    """

    gates: float
    sram_bits: int
    free: int
    gated: int
    clock_gates: int


def gate_equivalents(cells: Mapping[str, int]) -> float:
    """Area of cells by type, in NAND2. Raises TilewrightError for a type without a known area."""
    if unknown := cells.keys() - SITES.keys():
        raise TilewrightError(f"synthesis left cells without a known area: {sorted(unknown)}")
    return sum(SITES[name] * count for name, count in cells.items()) / SITES[NAND2]


def synthesise_modules(
    config: Config, note: Callable[[str], None] = lambda _: None
) -> dict[tuple[str, ...], Module]:
    """Every instance of the chip, see `map_modules`."""
    note("generating RTL")
    return map_modules(*_sources(config), note)


def map_modules(
    design: str, cpu: str, note: Callable[[str], None] = lambda _: None
) -> dict[tuple[str, ...], Module]:
    """Every instance below the top, by the names on the way to it; the top is ``()``.

    Parameters
    ----------
    design: RTLIL; its top is called SOC_MODULE.
    cpu: Verilog of module VexRiscv, which may lie in it.
    note: called with what is going on.

    Raises TilewrightError when Yosys fails.
    """
    texts = dict(_MODULE.findall(design))
    keys = {name: _key(text) for name, text in texts.items()} | {_CPU: _key(cpu)}
    places = {name: place for name, key in keys.items() if (place := kept(_KIND, key))}
    missing = {name: key for name, key in keys.items() if name not in places}
    if missing:
        places |= _map(design, cpu, list(places), missing, note)
    modules = {name: _read(places[name], texts.get(name, "")) for name in keys}
    children = {name: [(i, t) for t, i in _INSTANCE.findall(text)] for name, text in texts.items()}

    def visit(path: tuple[str, ...], name: str) -> Iterator[tuple[tuple[str, ...], Module]]:
        yield path, modules[name]
        for instance, child in children.get(name, ()):
            yield from visit((*path, instance), child)

    return dict(visit((), SOC_MODULE))


def _sources(config: Config) -> tuple[str, str]:
    """RTLIL of the chip, each distinct module once, and Verilog of its CPU."""
    from amaranth.back import rtlil

    from tilewright.hw.netlist import unique_modules
    from tilewright.hw.soc.cpu import cpu_verilog
    from tilewright.hw.soc.soc import Soc

    text, _ = unique_modules(rtlil.convert(Soc(config), name=SOC_MODULE, emit_src=False))
    return text, cpu_verilog(config.soc.cpu)


def _key(text: str) -> str:
    """Hash of everything that a module's mapping depends on."""
    flow = [MAPPER.read_text(), LIBRARY.read_text(), RULES, versions()["pyosys"]]
    return hashlib.sha256(json.dumps([text, flow]).encode()).hexdigest()[:16]


def _map(
    design: str, cpu: str, known: list[str], missing: dict[str, str], note: Callable[[str], None]
) -> dict[str, Path]:
    """Maps the ``missing`` modules of ``design``, not the ``known``; keeps each under its key.

    Returns the folder of each.
    """
    with tempfile.TemporaryDirectory(prefix="tilewright-") as name:
        folder = Path(name)
        (folder / "soc.il").write_text(design)
        (folder / "cpu.v").write_text(cpu)
        (folder / "cells.genlib").write_text(LIBRARY.read_text())
        (folder / "known.json").write_text(json.dumps(known))
        (folder / "rules.json").write_text(json.dumps(RULES))
        command = [sys.executable, str(MAPPER), SOC_MODULE]
        run_tool(command, folder / "synthesis.log", "Yosys", note)
        found = json.loads((folder / "found.json").read_text())
    places: dict[str, Path] = {}
    for module, key in missing.items():
        text = json.dumps(found[module])
        places[module], _ = cached(_KIND, key, lambda place, text=text: _write(place, text))
    return places


def _write(folder: Path, text: str) -> None:
    (folder / "module.json").write_text(text)


def _read(place: Path, text: str) -> Module:
    """A kept module; the instances in ``text`` are modules of their own."""
    data = json.loads((place / "module.json").read_text())
    cells = Counter[str](data["cells"])
    for kind, count in Counter(kind for kind, _ in _INSTANCE.findall(text)).items():
        if cells.pop(kind, 0) != count:
            raise TilewrightError(f"synthesis lost an instance of module {kind}")
    gated = data["gated"]
    return Module(
        gates=gate_equivalents(cells),
        sram_bits=data["sram_bits"],
        free=cells[FLIP_FLOP] - gated,
        gated=gated,
        clock_gates=cells[CLOCK_GATE],
    )
