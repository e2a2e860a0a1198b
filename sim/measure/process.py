"""A process' own figures, from its Liberty files, and the technology that they make with runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.measure.energy_fit import Clock, GateRun
from tilewright.sim.report.technologies import technology_yaml
from tilewright.sim.technology.items import ITEMS
from tilewright.sim.technology.technology import Line, Technology, Voltage
from tilewright.verification.gates.fo4 import fo4
from tilewright.verification.gates.liberty import LOAD, SLEW, Cell, Library
from tilewright.verification.gates.liberty_reader import read_liberty
from tilewright.verification.gates.power.sram import access_energies

_FJ, _NW = 1e-3, 1e9

ON_CHIP_WORDS = 1024
"""Of the macros that make up the chip's memories in most designs."""


@dataclass(frozen=True)
class Process:
    """What a library says.

    Attributes:
        corner: as it is called.
        nand2_um2: area of its smallest two-input NAND.
        fo4_ps: see `verification.gates.fo4`.
        sram_access_ps: from the clock to the data of its slowest macro of up to `ON_CHIP_WORDS`.
        sram_bit_um2, sram_bit_nw: of its macro of the most bits.
        sram: pJ of a read: of a macro, of a bit, of a bit and the root of its words.
        sram_error: of that formula: the largest of a macro, relative.
        write: a write's energy over a read's, mean of the macros.
        most_words: of its deepest macro.
    """

    corner: str
    nand2_um2: float
    fo4_ps: float
    sram_access_ps: float
    sram_bit_um2: float
    sram_bit_nw: float
    sram: tuple[float, float, float]
    sram_error: float
    write: float
    most_words: int


def read_process(paths: Sequence[Path]) -> Process:
    """The figures of a library. Raises RequestError where it lacks cells or macros."""
    library = read_liberty(paths)
    macros = [(cell, *cell.memory) for cell in library.memories if cell.memory]
    if len(macros) < 4:
        raise RequestError("the Liberty files have fewer than four SRAM macros to fit energies to")
    largest, words, bits = max(macros, key=lambda macro: macro[1] * macro[2])
    accesses = [access_energies(cell) for cell, _, _ in macros]
    table = np.array([(1.0, bits, bits * words**0.5) for _, words, bits in macros])
    reads = np.array([access.read * _FJ for access in accesses])
    factors, *_ = np.linalg.lstsq(table / reads[:, None], np.ones(len(reads)), rcond=None)
    if (factors <= 0).any():
        raise RequestError("energies of the SRAM macros do not grow with words and bits")
    access, bit, root = (float(factor) for factor in factors)
    return Process(
        corner=library.corner,
        nand2_um2=_nand2(library).area,
        fo4_ps=fo4(library).delay_ps,
        sram_access_ps=max(
            _access_ps(library, cell) for cell, words, _ in macros if words <= ON_CHIP_WORDS
        ),
        sram_bit_um2=largest.area / (words * bits),
        sram_bit_nw=largest.leakage / (words * bits),
        sram=(access, bit, root),
        sram_error=float(np.abs(table @ factors / reads - 1).max()),
        write=float(np.mean([one.write / one.read for one in accesses])),
        most_words=max(words for _, words, _ in macros),
    )


def _access_ps(library: Library, macro: Cell) -> float:
    """The longest delay from a macro's clock to a bit of its data, at an inverter's load."""
    unit = fo4(library)
    inverter = library.cells[unit.cell]
    where = {SLEW: unit.slew_ps, LOAD: 4 * inverter.inputs[0].capacitance}
    delays = [
        float(arc.tables[name].at(**where))
        for pin in macro.outputs
        for arc in pin.timing
        for name in ("cell_rise", "cell_fall")
        if name in arc.tables
    ]
    if not delays:
        raise RequestError(f"SRAM {macro.name}: has no delays")
    return max(delays)


def _nand2(library: Library) -> Cell:
    found = [cell for cell in library.cells.values() if _is_nand2(cell)]
    if not found:
        raise RequestError("the Liberty files have no two-input NAND, which is the unit of area")
    return min(found, key=lambda cell: cell.area)


def _is_nand2(cell: Cell) -> bool:
    names = sorted(pin.name for pin in cell.inputs)
    function = cell.outputs[0].function if len(cell.outputs) == 1 else None
    if len(names) != 2 or function is None or sorted(function.pins) != names:
        return False
    values = [
        function.value({names[0]: first, names[1]: second}) for first in (0, 1) for second in (0, 1)
    ]
    return values == [1, 1, 1, 0]


def derived_text(
    process: Process, runs: Sequence[GateRun], clock: Clock, lines: Mapping[str, float]
) -> str:
    """The technology's file."""
    cells, macros = "cells of the library", "SRAM macros of the library"
    leakage = float(np.mean([run.leakage_w / run.gates * _NW for run in runs]))
    names = ", ".join(f"{run.network} on {run.sets or 'the default design'}" for run in runs)
    fitted = f"fitted to gates of {names} (python -m sim.measure.energy)"
    counted = f"counted while {names} ran (python -m sim.measure.energy)"
    root = f"{macros}; the formula is at most {process.sram_error:.0%} off"
    access, bit, root_word = process.sram
    values: dict[str, tuple[float, float, str]] = {
        "area.gate": (process.nand2_um2, 1.01, f"{cells}: the smallest two-input NAND"),
        "area.sram_bit": (process.sram_bit_um2, 1.3, f"{macros}: the largest one"),
        "delay.fo4": (process.fo4_ps, 1.05, f"{cells}: python -m sim area --timing"),
        "delay.sram_access": (
            process.sram_access_ps,
            1.2,
            f"{macros}: the slowest of up to {ON_CHIP_WORDS} words",
        ),
        "leakage.gate": (leakage, 1.3, f"{cells}, of whole netlists by their area"),
        "leakage.sram_bit": (process.sram_bit_nw, 1.1, f"{macros}: the largest one"),
        "leakage.retained_bit": (
            process.sram_bit_nw / 3,
            2.0,
            "estimated: a third of the macro's leakage, at a lower voltage",
        ),
        "leakage.gate_off": (leakage / 20, 3.0, "estimated: a twentieth, through the switch"),
        "wake.gate": (0.02, 3.0, "estimated: 14 fF a gate equivalent, charged to 1.20 V"),
        "wake.time": (10.0, 3.0, "estimated: supplies that rise slowly enough for the others"),
        "clock.flip_flop": (clock.flip_flop, 1.2, fitted),
        "clock.clock_gate": (clock.clock_gate, 1.5, fitted),
        "sram.access": (access, 1.3, root),
        "sram.bit": (bit, 1.2, root),
        "sram.bit_of_root_word": (root_word, 1.2, root),
        "sram.write": (process.write, 1.2, macros),
        "sram.most_words": (process.most_words, 1.01, macros),
        "scratchpad.banks": (float(np.mean([run.banks for run in runs])), 1.1, counted),
        **{name: (max(value, _LEAST), 1.4, fitted) for name, value in lines.items()},
    }
    technology = Technology(
        name="ihp-sg13g2",
        title="IHP SG13G2, 130 nm, in production",
        node_nm=130,
        corner=process.corner,
        basis="derived",
        voltage=Voltage(
            nominal=1200,
            lowest=1080,
            highest=1320,
            threshold=350,
            alpha=1.4,
            leakage_exponent=3,
            source="the library's slow corner is 10% below; as much above, and the constants of "
            "delay and leakage, are estimated",
        ),
        supply_mv=1200,
        lines={item: Line(item, *values[item]) for item in ITEMS if not item.startswith("memory.")},
    )
    return technology_yaml(technology)


_LEAST = 1e-4
"""pJ: of a line that the fit leaves nothing for; a technology's figures are positive."""
