"""What a technology states: every line of its file has one of these names, in one unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Scaling = Literal["energy", "area", "leakage", "delay", "none"]
"""Which factor takes a line to another process or voltage: see `sim.technology.technology`."""


class Item(NamedTuple):
    """A line's unit, its factor to SI units, how it scales, and what it is."""

    unit: str
    si: float
    scaling: Scaling
    meaning: str


def _pj(meaning: str) -> Item:
    return Item("pJ", 1e-12, "energy", meaning)


def _nw(meaning: str) -> Item:
    return Item("nW", 1e-9, "leakage", meaning)


def _um2(meaning: str) -> Item:
    return Item("um2", 1.0, "area", meaning)


def _of_memory(meaning: str) -> Item:
    return Item("pJ", 1e-12, "none", meaning)


MEMORY_KINDS = ("mram", "flash", "psram", "dram")
"""Main memories that the chip's own process does not make."""

ITEMS: Mapping[str, Item] = {
    "area.gate": _um2("a gate equivalent: a two-input NAND"),
    "area.sram_bit": _um2("a bit of SRAM with its share of the periphery"),
    "delay.fo4": Item("ps", 1e-12, "delay", "an inverter that drives four of its kind"),
    "delay.sram_access": Item("ps", 1e-12, "delay", "from the clock to what an SRAM macro reads"),
    "leakage.gate": _nw("a gate equivalent"),
    "leakage.sram_bit": _nw("a bit of SRAM that is ready for access"),
    "leakage.retained_bit": _nw("a bit of SRAM that only keeps its value"),
    "leakage.gate_off": _nw("a gate equivalent behind a switch that is off"),
    "wake.gate": _pj("a gate equivalent that is switched on: its nets are charged"),
    "wake.time": Item("us", 1e-6, "none", "from switching on until the first cycle"),
    "clock.flip_flop": _pj("a cycle of a flip-flop: its clock pin and its share of the tree"),
    "clock.clock_gate": _pj("a cycle of a clock gate that lets nothing through"),
    "sram.access": _pj("a read of a macro, of its decoder and control"),
    "sram.bit": _pj("a bit that is read"),
    "sram.bit_of_root_word": _pj("a bit that is read, times the root of the macro's words"),
    "sram.write": Item("of a read", 1.0, "none", "a write"),
    "sram.most_words": Item(
        "words", 1.0, "none", "the deepest macro; larger memories have several"
    ),
    "array.product": _pj("a product whose weight is not zero, added up"),
    "array.element_cycle": _pj("an element of the array, in use or not, in a cycle of computing"),
    "accumulators.readout": _pj("a sum that is read out of its accumulator"),
    "columns.column_cycle": _pj("a column's buffer in a cycle of computing"),
    "columns.read_byte": _pj("a byte from the scratchpad on its way to the columns"),
    "requantiser.element": _pj("an element that is requantised, with its parameters"),
    "requantiser.elementwise": _pj("an operand that the element-wise unit scales"),
    "requantiser.table_byte": _pj("a byte of the tables, without their SRAM"),
    "scratchpad.read_byte": _pj("a byte that is read, around the SRAM"),
    "scratchpad.write_byte": _pj("a byte that is written, around the SRAM"),
    "scratchpad.banks": Item(
        "banks", 1.0, "none", "reads of SRAM for a word that is read, aligned or not"
    ),
    "weight_buffer.read_byte": _pj("a byte that is read, around the SRAM"),
    "weight_buffer.write_byte": _pj("a byte that is written, around the SRAM"),
    "control.cycle": _pj("a cycle in which the accelerator runs: sequencers, counters, commands"),
    "control.memory_byte": _pj("a byte to or from main memory, in the transfers' queues"),
    "bus.byte": _pj("a byte over the bus to main memory"),
    "cpu.active_cycle": _pj("a cycle of the CPU that works, its caches and bus with it"),
    "cpu.sleep_cycle": _pj("a cycle of the CPU that waits for an interrupt, without its clock"),
    **{
        f"memory.{kind}.{way}_byte": _of_memory(f"a byte that is {done} {kind} outside the process")
        for kind in MEMORY_KINDS
        for way, done in (("read", "read from"), ("write", "written to"))
    },
    **{
        f"memory.{kind}.standby": Item("uW", 1e-6, "none", f"{kind} that nobody accesses, awake")
        for kind in MEMORY_KINDS
    },
    **{
        f"memory.{kind}.asleep": Item("uW", 1e-6, "none", f"{kind} in its deepest state that keeps")
        for kind in MEMORY_KINDS
    },
}
"""By name; the order is that of tables."""
