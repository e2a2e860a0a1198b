from tilewright.sim.costs.area.estimate import (
    area_table,
    chip_sram_bits,
    chip_sram_bytes,
    estimate_area,
    estimate_clocked,
)
from tilewright.sim.costs.area.parts import Area, Clocked

__all__ = [
    "Area",
    "Clocked",
    "area_table",
    "chip_sram_bits",
    "chip_sram_bytes",
    "estimate_area",
    "estimate_clocked",
]
