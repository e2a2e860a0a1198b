"""Structural counts of a configuration: what each block's gates are proportional to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tilewright.hw.spec.commands import ADDRESS_BITS, TABLE_WORD_BYTES
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.soc_config import SMALL_CPUS

OUTSTANDING = 127
"""Words of the queues of answers and of what to do with them."""

FETCH_BYTES = 256
"""Of commands that are read ahead."""

SRAM_WORDS = 64
"""Fewer words than this are flip-flops."""

MICROCODE_BITS = 512 * 16 + 256 * 18
"""Of the microprogram and its registers."""

MICROCODE_SUMS = 64 * 4
"""Sums of all rows and columns, and as many zeros."""

PARAMETER_BITS = 71
"""Bias, multiplier and shift of a channel."""


def counts(config: Config) -> Mapping[str, Mapping[str, float]]:
    """Block -> count -> how many; all blocks but the CPU, which is counted as a whole."""
    small = int(config.soc.cpu in SMALL_CPUS)
    bus: dict[str, float] = {
        "base": 1,
        "bus_byte": config.npu.bus_bytes,
        "outstanding_read": config.soc.memory_latency + 2,
        "accelerator": 1,
        "small": small,
    }
    checker = int(config.has_checker)
    peripherals = {
        "base": 1,
        "small": small,
        "checker": checker,
        "checked_byte": checker * config.npu.bus_bytes,
    }
    if config.soc.npu == "none":
        bus["accelerator"] = 0
        return {"bus": bus, "peripherals": peripherals}
    if config.npu.microcode:
        return {"microcode": {"base": 1}, "bus": bus, "peripherals": peripherals}
    return {
        **_compute_side(config.npu),
        **_mover(config.npu),
        **({"lstm": {"base": 1}} if config.npu.wide_results else {}),
        **_memory_side(config.npu),
        "bus": bus,
        "peripherals": peripherals,
    }


def sram_bits(config: Config) -> dict[str, int]:
    """Bits of SRAM in each block of the accelerator that has some."""
    if config.soc.npu == "none":
        return {}
    npu = config.npu
    if npu.microcode:
        return {"microcode": MICROCODE_BITS + MICROCODE_SUMS * npu.accumulator_bits}
    tag = 2 + ADDRESS_BITS + npu.bus_bytes
    bits = {
        "scratchpad": 8 * npu.scratchpad_bytes,
        "weight_ring": 8 * npu.weight_buffer_bytes,
        "transfers": OUTSTANDING * (tag + 8 * npu.bus_bytes),
    }
    if npu.table_unit:
        bits["tables"] = 8 * TABLE_WORD_BYTES * npu.table_words * npu.requantiser_lanes
    fetched = _fetch_bits(npu) - _fetch_registers(npu)
    return bits | {"commands": fetched} if fetched else bits


def _mover(npu: NpuConfig) -> Mapping[str, Mapping[str, float]]:
    return {"mover": {"base": 1, "port_byte": npu.port_bytes}} if npu.move_unit else {}


def _compute_side(npu: NpuConfig) -> Mapping[str, Mapping[str, float]]:
    elements = npu.rows * npu.cols
    takes_turns = npu.requantiser_lanes < npu.rows
    return {
        "array": {
            "base": 1,
            "row": npu.rows,
            "element": elements,
            "accumulator_bit": elements * npu.accumulator_bits,
        },
        "columns": {
            "column": npu.columns,
            "stored_byte": npu.columns * npu.column_bytes,
            "element": elements,
            "choice_byte": npu.rows * _choices(npu),
        },
        "feeder": {"base": 1, "column": npu.cols},
        "parameters": {"base": 1, "row": npu.rows},
        "drain": {
            "base": 1,
            "row": npu.rows,
            "choice_bit": takes_turns * npu.rows * (npu.accumulator_bits + PARAMETER_BITS),
        },
        "requantiser": {
            "base": 1,
            "lane": npu.requantiser_lanes,
            "wide_lane": npu.wide_results * npu.requantiser_lanes,
        },
        **_units(npu),
        "control": {
            "base": 1,
            "row": npu.rows,
            "column": npu.cols,
            "wide": int(npu.wide_results),
            "wide_lane": npu.wide_results * npu.requantiser_lanes,
        },
    }


def _units(npu: NpuConfig) -> Mapping[str, Mapping[str, float]]:
    """Of the units beside the array those that there are."""
    units = {
        "elementwise": npu.elementwise_unit,
        "tables": npu.table_unit,
        "softmax": npu.softmax_unit,
    }
    lanes = {"base": 1, "lane": npu.requantiser_lanes}
    return {name: lanes for name, there in units.items() if there}


@lru_cache(maxsize=1024)
def _choices(npu: NpuConfig) -> int:
    """What the array's columns can take from, for all columns: see hw/npu/compute/columns.py."""
    kernel, total = npu.depthwise_kernel, 0
    for column in range(npu.cols):
        firsts = [(column, 0)]
        if not npu.pairs_depthwise:
            firsts.append((2 * column, 0))
        elif column < 2 * npu.paired_pixels:
            pixel, half = divmod(column, 2)
            firsts += [(pixel, half), (2 * pixel, half)]
        total += 1 + len(
            {
                (taken, half)
                for first, half in firsts
                for taken in range(first, min(first + kernel, npu.columns))
            }
        )
    return total


def _memory_side(npu: NpuConfig) -> Mapping[str, Mapping[str, float]]:
    port, line = npu.port_bytes, npu.weight_memory_bytes
    return {
        "scratchpad": {
            "base": 1,
            "port_byte": port,
            "rotated_byte": port * (port.bit_length() - 1),
            "bank_byte": npu.scratchpad_banks * port,
        },
        "weight_ring": {
            "base": 1,
            "line_byte": line,
            "shifted_byte": line * ((line // npu.weight_word_bytes).bit_length() - 1),
            "bus_byte": npu.bus_bytes,
        },
        "transfers": {"base": 1, "bus_byte": npu.bus_bytes},
        "commands": {
            "base": 1,
            "bus_byte": npu.bus_bytes,
            "fetched_bit": _fetch_registers(npu),
            "wide": int(npu.wide_results),
        },
    }


def _fetch_bits(npu: NpuConfig) -> int:
    """Of the beats that are read ahead, each with an error flag."""
    return FETCH_BYTES // npu.bus_bytes * (8 * npu.bus_bytes + 1)


def _fetch_registers(npu: NpuConfig) -> int:
    """Of those, flip-flops."""
    return _fetch_bits(npu) if FETCH_BYTES // npu.bus_bytes < SRAM_WORDS else 0
