"""A design's area from its configuration, in microseconds and without Yosys.

Each block's gates are a sum of structural counts (`sim.costs.area.counts`: elements, register bits,
multiplexer inputs) times coefficients in gates.yaml, which ``python -m sim.measure.area`` fits to
designs that Yosys mapped. Bits of SRAM are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area.counts import counts, sram_bits
from tilewright.sim.costs.area.parts import SRAM, Area
from tilewright.sim.costs.tables import read_table


@dataclass(frozen=True)
class AreaTable:
    """Coefficients and what is known of their error.

    Attributes:
        logic: block -> count -> gate equivalents of one.
        cpu: CPU variant -> (gate equivalents, bits of its caches).
        sram_bit_ge: gate equivalents of a bit of SRAM, its share of the periphery included.
        mean_error, max_error: of ``logic_ge``, for designs that were left out of the fit; relative.
        designs: how many designs were mapped.
    """

    logic: Mapping[str, Mapping[str, float]]
    cpu: Mapping[str, tuple[float, int]]
    sram_bit_ge: float
    mean_error: float
    max_error: float
    designs: int


@cache
def area_table() -> AreaTable:
    """The table that the package brings."""
    package = files("tilewright.sim.costs.area")
    memory, data = (read_table(package / name) for name in ("memory_45nm.yaml", "gates.yaml"))
    return AreaTable(
        logic=data["logic"],
        cpu={name: (line["ge"], line["sram_bits"]) for name, line in data["cpu"].items()},
        sram_bit_ge=memory["sram_bit"]["um2"] / memory["nand2"]["um2"],
        mean_error=data["error"]["mean"],
        max_error=data["error"]["max"],
        designs=data["error"]["designs"],
    )


@lru_cache(maxsize=4096)
def estimate_area(config: Config) -> Area:
    """The area by the table's coefficients; its error is in `area_table`."""
    table = area_table()
    cpu_ge, _ = table.cpu[config.soc.cpu]
    logic = {
        block: sum(number * table.logic[block][name] for name, number in numbers.items())
        for block, numbers in counts(config).items()
    }
    sram = {name + SRAM: bits * table.sram_bit_ge for name, bits in chip_sram_bits(config).items()}
    return Area({**logic, "cpu": cpu_ge, **sram}, "estimate")


def chip_sram_bits(config: Config) -> dict[str, int]:
    """Bits of SRAM in each block that has some, the CPU's caches included."""
    _, cache_bits = area_table().cpu[config.soc.cpu]
    return {**sram_bits(config), "cpu": cache_bits}


def chip_sram_bytes(config: Config) -> int:
    """All SRAM on the chip in bytes, the last one begun counted whole.

    Scratchpad, weight ring, the transfers' queues, the tables' memories, commands read ahead on a
    bus of 4 bytes, the microprogram with its registers, and the CPU's caches with their tags. Not
    main memory, which stands outside, and no flip-flops: column buffers and registers of the CPU.
    """
    return -(-sum(chip_sram_bits(config).values()) // 8)
