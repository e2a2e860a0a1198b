"""Kinds of energy at gate level."""

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "switching": "Charging nets but those of clocks: pins and wires.",
    "internal": "Inside of gates and, but for their clocks, of registers.",
    "clock": "Clock pins of registers and what they charge, clock gates, clocks' wires.",
    "clock_tree": "Buffers of the clocks, estimated, and their leakage.",
    "leakage": "Of cells, whatever their state.",
    "sram": "Accesses and clocks of SRAM.",
    "sram_leakage": "Of SRAM.",
}
"""Names, and what is in them."""
