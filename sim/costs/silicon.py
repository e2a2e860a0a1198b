"""A chip's area in square millimetres, by its technology."""

from __future__ import annotations

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area import Area, chip_sram_bits
from tilewright.sim.technology.read import technology_of

UM2_A_MM2 = 1e6


def area_mm2(config: Config, area: Area) -> float:
    """mm2 of cells and SRAM macros, without main memory, and without room for wires and pads."""
    technology = technology_of(config)
    bits = sum(chip_sram_bits(config).values())
    logic = area.logic_ge * technology.value("area.gate")
    return (logic + bits * technology.value("area.sram_bit")) / UM2_A_MM2
