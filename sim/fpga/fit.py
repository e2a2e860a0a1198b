"""Whether a configuration can be on a device: by arithmetic, and by counts of its netlist."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.hw.fpga.boards import (
    BLOCK_RAM,
    BLOCK_RAM_BYTES,
    DSP,
    SPRAM,
    UP5K_SPRAM_BYTES,
    Board,
)
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError

PRODUCTS_OF_A_DSP: Mapping[str, int] = {"ecp5": 1, "ice40": 2, "gowin": 1}
"""Products of two bytes that the array computes in one multiplier."""

PARTIAL_PRODUCTS = 4
"""Multipliers of 18 or 16 bits in a product of 32 bits, one of which each lane of the requantiser
needs."""

MICROCODE_PRODUCTS = 8
"""Products a cycle under microprogrammed control, whatever the array's size."""

REMEDIES: Mapping[str, str] = {
    DSP: "fewer rows, cols or requantiser_lanes",
    BLOCK_RAM: "less memory_bytes, scratchpad_bytes or weight_buffer_bytes",
    SPRAM: "less memory_bytes",
}
"""What makes a chip take less of a resource; without an entry, a smaller array does."""


def least_resources(board: Board, config: Config) -> dict[str, int]:
    """What a configuration takes at least, before anything is synthesised."""
    family = board.device.family
    block_ram = board.boot_bytes or config.soc.memory_bytes
    least = {DSP: 0, BLOCK_RAM: 0}
    if config.shares_memory:
        least[DSP] = -(-MICROCODE_PRODUCTS // PRODUCTS_OF_A_DSP[family])
    elif config.soc.npu == "array":
        products = -(-config.npu.rows * config.npu.cols // PRODUCTS_OF_A_DSP[family])
        least[DSP] = products + PARTIAL_PRODUCTS * config.npu.requantiser_lanes
        block_ram += config.npu.scratchpad_bytes + config.npu.weight_buffer_bytes
    least[BLOCK_RAM] = -(-block_ram // BLOCK_RAM_BYTES[family])
    if board.boot_bytes:
        least[SPRAM] = -(-config.soc.memory_bytes // UP5K_SPRAM_BYTES)
    return least


def require_fit(board: Board, used: Mapping[str, int], *, at_least: bool = False) -> None:
    """Refuses what a device has too little of. Raises RequestError with every count that is over.

    ``at_least``: the counts are lower bounds.
    """
    limits = board.device.resources
    over = [kind for kind, number in used.items() if number > limits[kind]]
    if not over:
        return
    counts = ", ".join(f"{used[kind]:,} {kind} of {limits[kind]:,}" for kind in over)
    remedy = " and ".join(dict.fromkeys(REMEDIES.get(kind, "fewer rows or cols") for kind in over))
    raise RequestError(
        f"{board.title}: the configuration needs {'at least ' if at_least else ''}{counts} that "
        f"the {board.device.name} has; choose {remedy}, or another board (--list-boards)"
    )
