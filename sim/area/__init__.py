from sim.area.estimate import area_table, chip_sram_bits, estimate_area
from sim.area.known import known_area, synthesise_area
from sim.area.parts import Area

__all__ = ["Area", "area_table", "chip_sram_bits", "estimate_area", "known_area", "synthesise_area"]
