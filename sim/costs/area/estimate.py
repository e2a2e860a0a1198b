"""A design's area from its configuration, in microseconds and without Yosys.

Each block's gates are a sum of structural counts (`sim.costs.area.counts`: elements, register bits,
multiplexer inputs) times coefficients in gates.yaml, which ``python -m sim.measure.area`` fits to
designs that Yosys mapped. Bits of SRAM are exact.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area.counts import counts, sram_bits
from tilewright.sim.costs.area.parts import SRAM, Area, Clocked
from tilewright.sim.tables import read_table


@dataclass(frozen=True)
class AreaTable:
    """Coefficients and what is known of their error.

    Attributes:
        logic: block -> count -> gate equivalents of one.
        clocked: field of `Clocked` -> block -> count -> registers or clock gates of one.
        cpu: CPU variant -> (gate equivalents, bits of its caches, registers).
        sram_bit_ge: gate equivalents of a bit of SRAM, its share of the periphery included.
        mean_error, max_error: of ``logic_ge``, for designs that were left out of the fit; relative.
        clocked_max_error: the same of all flip-flops without a clock gate.
        designs: how many designs were mapped.
    """

    logic: Mapping[str, Mapping[str, float]]
    clocked: Mapping[str, Mapping[str, Mapping[str, float]]]
    cpu: Mapping[str, tuple[float, int, Clocked]]
    sram_bit_ge: float
    mean_error: float
    max_error: float
    clocked_max_error: float
    designs: int


@cache
def area_table() -> AreaTable:
    """The table that the package brings."""
    package = files("tilewright.sim.costs.area")
    memory, data = (read_table(package / name) for name in ("memory_45nm.yaml", "gates.yaml"))
    return AreaTable(
        logic=data["logic"],
        clocked={field.name: data[field.name] for field in dataclasses.fields(Clocked)},
        cpu={
            name: (
                line["ge"],
                line["sram_bits"],
                Clocked(line["free"], line["gated"], line["clock_gates"]),
            )
            for name, line in data["cpu"].items()
        },
        sram_bit_ge=memory["sram_bit"]["um2"] / memory["nand2"]["um2"],
        mean_error=data["error"]["mean"],
        max_error=data["error"]["max"],
        clocked_max_error=data["clocked_error"]["max"],
        designs=data["error"]["designs"],
    )


@lru_cache(maxsize=4096)
def estimate_area(config: Config) -> Area:
    """The area by the table's coefficients; its error is in `area_table`."""
    table = area_table()
    cpu_ge, _, _ = table.cpu[config.soc.cpu]
    logic = _summed(table.logic, config)
    sram = {name + SRAM: bits * table.sram_bit_ge for name, bits in chip_sram_bits(config).items()}
    return Area({**logic, "cpu": cpu_ge, **sram}, "estimate")


@lru_cache(maxsize=4096)
def estimate_clocked(config: Config) -> Mapping[str, Clocked]:
    """Registers and clock gates of each block, by the table's coefficients."""
    table = area_table()
    found = {kind: _summed(coefficients, config) for kind, coefficients in table.clocked.items()}
    blocks = {
        block: Clocked(**{kind: numbers[block] for kind, numbers in found.items()})
        for block in counts(config)
    }
    return {**blocks, "cpu": table.cpu[config.soc.cpu][2]}


def _summed(coefficients: Mapping[str, Mapping[str, float]], config: Config) -> dict[str, float]:
    """Of each block the counts of the configuration times their coefficients."""
    return {
        block: sum(number * coefficients[block][name] for name, number in numbers.items())
        for block, numbers in counts(config).items()
    }


def chip_sram_bits(config: Config) -> dict[str, int]:
    """Bits of SRAM in each block that has some, the CPU's caches included."""
    _, cache_bits, _ = area_table().cpu[config.soc.cpu]
    return {**sram_bits(config), "cpu": cache_bits}


def chip_sram_bytes(config: Config) -> int:
    """All SRAM on the chip in bytes, the last one begun counted whole.

    Scratchpad, weight ring, the transfers' queues, the tables' memories, commands read ahead on a
    bus of 4 bytes, the microprogram with its registers, and the CPU's caches with their tags. Not
    main memory, which stands outside, and no flip-flops: column buffers and registers of the CPU.
    """
    return -(-sum(chip_sram_bits(config).values()) // 8)
