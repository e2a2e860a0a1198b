"""Registers of the same value, one near each of the many places that need it.

A wire across an FPGA takes most of a cycle. Synthesis makes one register of all that hold the same,
unless it is told by `KEEP_COPIES` to leave these alone.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Signal

NAME = "local_copy"
"""Of the registers."""

KEEP_COPIES = f"setattr -set keep 1 w:{NAME}* %ci1"
"""A command for Yosys, before all others."""


def local_copy(m: Any, following: Any) -> Signal:
    """A register of the module ``m`` with the one bit ``following`` of the cycle before."""
    copy = Signal(name=NAME, reset_less=True)
    m.d.sync += copy.eq(following)
    return copy
