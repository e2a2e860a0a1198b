"""What the accelerator's two sides give each other: reads, writes, and the weights to walk over."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out, Signature
from amaranth.utils import exact_log2

from tilewright.hw.spec.commands import ADDRESS_BITS

WEIGHT_START = data.StructLayout(
    {"blocks": 16, "tiles": 24, "block_words": 24, "stream": 1, "paired": 1, "keep": 1}
)
"""What a compute command reads: fields as in its command."""


def read_port(port_bytes: int) -> Signature:
    """Read without back-pressure. ``size`` bytes (1..port_bytes) from ``address`` are needed.

    ``crosses``: they lie in two words (`crosses_word`). Who asks tells it, from registers: whether
    another read can be made beside this one hangs on it.

    ``data`` holds byte ``address`` in its low bits, SCRATCHPAD_READ_LATENCY cycles after ``valid``;
    bytes beyond ``size`` are undefined.
    """
    return Signature(
        {
            "valid": Out(1),
            "address": Out(ADDRESS_BITS),
            "size": Out(range(port_bytes + 1)),
            "crosses": Out(1),
            "data": In(8 * port_bytes),
        }
    )


def crosses_word(address: Any, size: Any, port_bytes: int) -> Value:
    """Whether ``size`` bytes from ``address`` lie in two words of ``port_bytes``."""
    return Value.cast(address)[: exact_log2(port_bytes)] + size > port_bytes


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
