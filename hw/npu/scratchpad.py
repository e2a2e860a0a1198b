"""The scratchpad: activation memory in banks, unaligned reads and writes of up to a port's width.

Byte address ``a`` lies in bank ``(a / port_bytes) % banks``, so an access of ``port_bytes``
consecutive bytes touches one bank or two neighbouring ones. Each bank reads and writes one word a
cycle. The compute side always gets what it asks for; the DMA is served in the same cycle when the
banks it needs are free.
"""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out, Signature

from hw.spec.config import NpuConfig

SCRATCHPAD_READ_LATENCY = 2
"""Cycles from a read's valid (and ready) to its data."""

SCRATCHPAD_WRITE_LATENCY = 2
"""Cycles from a write's valid (and ready) to the first read that is sure to see it."""

ADDRESS_BITS = 20


def read_port(port_bytes: int) -> Signature:
    """Read without back-pressure. ``size`` bytes (1..port_bytes) from ``address`` are needed.

    ``data`` holds byte ``address`` in its low bits, SCRATCHPAD_READ_LATENCY cycles after ``valid``;
    bytes beyond ``size`` are undefined.
    """
    return Signature(
        {
            "valid": Out(1),
            "address": Out(ADDRESS_BITS),
            "size": Out(range(port_bytes + 1)),
            "data": In(8 * port_bytes),
        }
    )


def write_port(port_bytes: int) -> Signature:
    """Write without back-pressure of the bytes in ``mask``, byte 0 to ``address``."""
    return Signature(
        {
            "valid": Out(1),
            "address": Out(ADDRESS_BITS),
            "data": Out(8 * port_bytes),
            "mask": Out(port_bytes),
        }
    )


def dma_read_port(port_bytes: int) -> Signature:
    """As `read_port`, accepted in cycles with ``ready``."""
    return Signature({**read_port(port_bytes).members, "ready": In(1)})


def dma_write_port(port_bytes: int) -> Signature:
    """As `write_port`, accepted in cycles with ``ready``."""
    return Signature({**write_port(port_bytes).members, "ready": In(1)})


class Scratchpad(Component):
    """Activation memory. Addresses wrap modulo ``scratchpad_bytes``.

    Ports
    -----
    read, write: compute side, always accepted.
    dma_read, dma_write: granted when no bank they need serves the compute side's access of the
        same kind in this cycle.
    """

    def __init__(self, config: NpuConfig) -> None:
        self.config = config
        width = config.port_bytes
        super().__init__(
            {
                "read": In(read_port(width)),
                "write": In(write_port(width)),
                "dma_read": In(dma_read_port(width)),
                "dma_write": In(dma_write_port(width)),
            }
        )

    def elaborate(self, platform):
        return Module()
