"""What all flows to cells of a chip do alike: which memories are SRAM, which clocks are gated."""

from __future__ import annotations

SRAM_PATHS = ("npu.memory.scratchpad", "npu.memory.ring")
"""Instances below the chip's top whose own memories are SRAM however small a configuration makes
them."""

SRAM_WORDS, SRAM_BITS = 64, 1024
"""Smallest other memory that is SRAM; below, its decoder and amplifiers outweigh flip-flops."""

GATED_BITS = 4
"""Registers from this width on have a gated clock instead of a multiplexer at each input."""
