"""Main memory in an FPGA's own RAM."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib.wiring import Component, In
from amaranth.utils import ceil_log2, exact_log2

from tilewright.hw.block_ram import block_ram, read_block_ram
from tilewright.hw.bus import memory_bus
from tilewright.hw.fpga.boards import UP5K_SPRAM_BYTES
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.registers import MEMORY_BASE

BLOCK_MEMORY_LATENCY = 3
"""Cycles from a request to its answer."""

SPRAM_BYTES = 2
"""Width of an SB_SPRAM256KA."""


class BlockMemory(Component):
    """``memory_bytes`` from MEMORY_BASE on, a request a cycle; other addresses answer an error.

    There is a register before and one behind the memory, which is spread over a whole device. For
    the same reason block RAM reads in every cycle: it needs no wire that tells it when.

    Parameters
    ----------
    config: gives size and width.
    image: first bytes after configuration of the device; the rest is zero.
    boot_bytes: 0 for block RAM alone; else only so many bytes are block RAM (a power of two, at
        least the image), and all behind is SPRAM of the iCE40UP5K, unknown after configuration.

    Attributes
    ----------
    bus: slave of the main memory bus.
    """

    def __init__(self, config: Config, image: bytes = b"", boot_bytes: int = 0) -> None:
        self._bytes = config.soc.memory_bytes
        self._bus_bytes = config.npu.bus_bytes
        self._boot_bytes = boot_bytes
        if len(image) > (boot_bytes or self._bytes):
            raise ValueError(f"an image of {len(image)} bytes in {boot_bytes or self._bytes}")
        self._image = image
        super().__init__({"bus": In(memory_bus(self._bus_bytes))})

    def elaborate(self, _platform) -> Module:
        m = Module()
        bus = self.bus
        words = self._bytes // self._bus_bytes
        inside, place = Signal(), Signal(ceil_log2(words))
        found, missing, writing = Signal(2), Signal(2), Signal()
        select, data = Signal(self._bus_bytes), Signal(8 * self._bus_bytes)
        # The base is a multiple of any size, rounded up to a power of two.
        base = MEMORY_BASE // self._bus_bytes >> len(place)
        m.d.comb += inside.eq((bus.adr >> len(place) == base) & (bus.adr[: len(place)] < words))
        mask = Mux(found[0] & writing, select, 0)
        if self._boot_bytes:
            in_boot = place >> exact_log2(self._boot_bytes // self._bus_bytes) == 0
            was_in_boot = Signal()
            m.d.sync += was_in_boot.eq(in_boot)
            booted = self._block_ram(m, place, Mux(in_boot, mask, 0), data, self._boot_bytes)
            read = found[0] & ~writing & ~in_boot
            kept = self._spram(m, place, read, Mux(in_boot, 0, mask), data)
            answer = Mux(was_in_boot, booted, kept)
        else:
            answer = self._block_ram(m, place, mask, data, self._bytes)
        m.d.sync += [
            place.eq(bus.adr),
            writing.eq(bus.we),
            select.eq(bus.sel),
            data.eq(bus.dat_w),
            found.eq(Cat(bus.cyc & bus.stb & inside, found)),
            missing.eq(Cat(bus.cyc & bus.stb & ~inside, missing)),
            bus.dat_r.eq(answer),
            bus.ack.eq(found[1]),
            bus.err.eq(missing[1]),
        ]
        return m

    def _block_ram(self, m: Module, place, mask, data, size: int):
        """The word read in the cycle before; ``mask`` has a bit for each byte to write."""
        width, depth = self._bus_bytes, size // self._bus_bytes
        padded = self._image + bytes(-len(self._image) % width)
        words = [
            int.from_bytes(padded[i : i + width], "little") for i in range(0, len(padded), width)
        ]
        memory = block_ram(m, "words", 8 * width, depth, words)
        writer = memory.write_port(granularity=8)
        m.d.comb += [
            writer.addr.eq(place),
            writer.data.eq(data),
            writer.en.eq(mask),
        ]
        return read_block_ram(m, memory, place)

    def _spram(self, m: Module, place, read, mask, data):
        """As `_block_ram`, in SB_SPRAM256KA of 16 bits side by side, and such rows in a stack."""
        row_bytes = UP5K_SPRAM_BYTES * self._bus_bytes // SPRAM_BYTES
        rows, row_words = self._bytes // row_bytes, row_bytes // self._bus_bytes
        row = place >> exact_log2(row_words)
        answers = []
        for number in range(rows):
            lanes = []
            chosen = (row == number) & (read | mask.any())
            for lane in range(self._bus_bytes // SPRAM_BYTES):
                answer = Signal(16)
                low = SPRAM_BYTES * lane
                bytes_written = mask[low : low + SPRAM_BYTES]
                m.submodules += Instance(
                    "SB_SPRAM256KA",
                    i_CLOCK=ClockSignal(),
                    i_ADDRESS=place[: exact_log2(row_words)],
                    i_DATAIN=data[8 * low : 8 * low + 16],
                    i_MASKWREN=Cat(bit.replicate(2) for bit in bytes_written),
                    i_WREN=bytes_written.any(),
                    i_CHIPSELECT=chosen,
                    i_STANDBY=Const(0),
                    i_SLEEP=Const(0),
                    i_POWEROFF=Const(1),  # low switches it off
                    o_DATAOUT=answer,
                )
                lanes.append(answer)
            answers.append(Cat(lanes))
        was_row = Signal(range(max(2, rows)))
        m.d.sync += was_row.eq(row)
        result = answers[-1]
        for number, answer in enumerate(answers[:-1]):
            result = Mux(was_row == number, answer, result)
        return result
