from tilewright.sim.costs.area.estimate import (
    area_table,
    chip_sram_bits,
    chip_sram_bytes,
    estimate_area,
)
from tilewright.sim.costs.area.parts import Area

__all__ = ["Area", "area_table", "chip_sram_bits", "chip_sram_bytes", "estimate_area"]
