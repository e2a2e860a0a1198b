"""The bus between masters and main memory: Wishbone B4, pipelined, one word a cycle.

A master raises ``cyc`` and ``stb`` with an address; the request is accepted in a cycle with
``stall`` low. Every accepted request is answered once, in order, by ``ack`` or ``err``, any
number of cycles later. Addresses count words of the bus.
"""

from __future__ import annotations

from amaranth.lib.wiring import In, Out, Signature


class PipelinedWishbone(Signature):
    """Signature of a master.

    Parameters
    ----------
    data_bytes: bytes of a word, power of two.
    address_bits: width of the word address.
    """

    def __init__(self, *, data_bytes: int, address_bits: int) -> None:
        self.data_bytes = data_bytes
        self.address_bits = address_bits
        super().__init__(
            {
                "cyc": Out(1),
                "stb": Out(1),
                "we": Out(1),
                "adr": Out(address_bits),
                "sel": Out(data_bytes),
                "dat_w": Out(8 * data_bytes),
                "stall": In(1),
                "ack": In(1),
                "err": In(1),
                "dat_r": In(8 * data_bytes),
            }
        )


def memory_bus(bus_bytes: int) -> PipelinedWishbone:
    """The bus of main memory: 32-bit byte addresses, in words of ``bus_bytes``."""
    return PipelinedWishbone(data_bytes=bus_bytes, address_bits=32 - (bus_bytes.bit_length() - 1))


def register_bus() -> PipelinedWishbone:
    """The bus of the registers of one peripheral: 32-bit words, 10 bits of word address."""
    return PipelinedWishbone(data_bytes=4, address_bits=10)
