"""The CPU's bus: Wishbone B4, classic, 32 bits, with incrementing bursts for cache lines.

A master holds ``cyc``, ``stb`` and an address until ``ack``. In a line refill (``cti`` 2, last
word 7) it holds them through eight words, the address counting up from the line's start. An
error is ``err`` together with ``ack``.
"""

from __future__ import annotations

from amaranth.lib.wiring import In, Out, Signature

LINE_WORDS = 8
"""Words of a cache line, in every VexRiscv build that we use."""

INCREMENTING_BURST = 2
"""Value of ``cti`` for all words of a refill but the last."""

ClassicWishbone = Signature(
    {
        "cyc": Out(1),
        "stb": Out(1),
        "we": Out(1),
        "adr": Out(30),
        "sel": Out(4),
        "dat_w": Out(32),
        "cti": Out(3),
        "bte": Out(2),
        "ack": In(1),
        "err": In(1),
        "dat_r": In(32),
    }
)
"""Signature of a master. Addresses count 32-bit words."""
