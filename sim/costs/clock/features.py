"""What the delays of a configuration's paths grow with, by the block in which they end.

A choice among n is a tree of log2(n) gates, and so is a fan-out of n; a carry runs through
log2(bits). Each feature is such a logarithm, or 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import log2

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.soc_config import SMALL_CPUS
from tilewright.sim.costs.area.counts import FETCH_BYTES, SRAM_WORDS

Features = Mapping[str, Mapping[str, float]]
"""Block -> feature -> how much of it."""

CPU = "cpu"
"""The block whose delay is known for each variant, and not from features."""


@lru_cache(maxsize=4096)
def logic_features(config: Config) -> Features:
    """Of the longest path from registers into each block's registers; all blocks but the CPU."""
    small = config.soc.cpu in SMALL_CPUS
    bus, accelerated = log2(config.npu.bus_bytes), config.soc.npu != "none"
    system = {
        "bus": {
            "base": 1.0,
            "bus": bus,
            "accelerator": float(accelerated),
            "microcode": float(config.shares_memory),
        },
        "peripherals": {
            "small" if small else "base": 1.0,
            "checked": config.has_checker * bus,
        },
    }
    if config.soc.npu == "none":
        return system
    if config.npu.microcode:
        return {"microcode": {"base": 1.0}, **system}
    return {**_compute_side(config.npu), **_memory_side(config.npu), **system}


@lru_cache(maxsize=4096)
def memory_features(config: Config) -> Features:
    """Of the longest path from SRAM, behind its access, into each block's registers."""
    if config.soc.npu == "none":
        return {}
    npu = config.npu
    if npu.microcode:
        return {"microcode": {"base": 1.0}}
    ahead = {"commands": {"base": 1.0}} if FETCH_BYTES // npu.bus_bytes >= SRAM_WORDS else {}
    return {"scratchpad": _scratchpad(npu), "weight_ring": {"base": 1.0}, **ahead}


def _scratchpad(npu: NpuConfig) -> Mapping[str, float]:
    return {
        "base": 1.0,
        "rotate": log2(npu.port_bytes),
        "banks": log2(npu.scratchpad_banks),
    }


def _compute_side(npu: NpuConfig) -> Features:
    rows, lanes = log2(npu.rows), log2(npu.requantiser_lanes)
    carry = log2(npu.accumulator_bits)
    lane = {"base": 1.0, "fan_out": lanes}
    units = {
        "elementwise": npu.elementwise_unit,
        "tables": npu.table_unit,
        "softmax": npu.softmax_unit,
    }
    return {
        "array": {"base": 1.0, "carry": carry, "fan_out": log2(npu.cols)},
        "columns": {
            "base": 1.0,
            "choice": log2(npu.depthwise_kernel),
            "fan_out": log2(npu.columns),
        },
        "feeder": {"base": 1.0, "fan_out": log2(npu.cols)},
        "parameters": {"base": 1.0, "choice": rows},
        "drain": {"base": 1.0, "choice": rows},
        "requantiser": {"base": 1.0, "choice": rows, "carry": carry, "fan_out": lanes},
        **{name: lane for name, there in units.items() if there},
        **({"mover": {"base": 1.0, "rotate": log2(npu.port_bytes)}} if npu.move_unit else {}),
        **({"lstm": {"base": 1.0}} if npu.wide_results else {}),
        "control": {"base": 1.0, "fan_out": rows},
    }


def _memory_side(npu: NpuConfig) -> Features:
    bus, line = log2(npu.bus_bytes), npu.weight_memory_bytes
    return {
        "scratchpad": _scratchpad(npu),
        "weight_ring": {
            "base": 1.0,
            "shift": log2(line / npu.weight_word_bytes),
            "fan_out": log2(line),
        },
        "transfers": {"base": 1.0, "bus": bus},
        "commands": {"base": 1.0, "bus": bus},
    }
