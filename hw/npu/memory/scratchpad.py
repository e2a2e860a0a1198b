"""The scratchpad: activation memory in banks, unaligned reads and writes of up to a port's width.

Byte address ``a`` lies in bank ``(a / port_bytes) % banks``, so an access of ``port_bytes``
consecutive bytes touches one bank or two neighbouring ones. Each bank reads and writes one word a
cycle. The compute side always gets what it asks for; the DMA is served when the banks it needs are
free.

Banks are block RAM: a byte that is read in the cycle in which it is written may be anything. No
Program reads one then. Other bytes of the word may well be written in that cycle.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import Component, In, Signature
from amaranth.utils import exact_log2

from tilewright.hw.block_ram import block_ram, read_block_ram
from tilewright.hw.npu.ports import read_port, write_port
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import READS_FIFO


def dma_read_port(port_bytes: int) -> Signature:
    """As `read_port`, accepted in cycles with ``ready``; ``arrives`` comes with ``data``.

    Data arrive in order, SCRATCHPAD_READ_LATENCY + 1 cycles after their request or later.
    """
    return Signature({**read_port(port_bytes).members, "ready": In(1), "arrives": In(1)})


def dma_write_port(port_bytes: int) -> Signature:
    """As `write_port`, accepted in cycles with ``ready``.

    An accepted write is in its banks in the next cycle with ``ready``: reads are sure to see it
    SCRATCHPAD_WRITE_LATENCY - 1 cycles after that one.
    """
    return Signature({**write_port(port_bytes).members, "ready": In(1)})


def _rotate(word: Any, step: int, count: Any) -> Any:
    """``word`` rotated ``count`` times by ``step`` bits, to the left or (negative) to the right."""
    value = Value.cast(word)
    for i, bit in enumerate(count):
        value = Mux(bit, value.rotate_left(step << i), value)
    return value


class _Place:
    """Where an access lies: byte ``offset`` in ``row`` of ``bank``, and on into the next bank."""

    def __init__(
        self, m: Module | None, address: Any, config: NpuConfig, depth: int, name: str
    ) -> None:
        offset_bits = exact_log2(config.port_bytes)
        row_bit = offset_bits + exact_log2(config.scratchpad_banks)
        self.banks, self.width = config.scratchpad_banks, config.port_bytes
        self.offset = Signal(offset_bits, name=f"{name}_offset")
        self.bank = Signal(range(self.banks), name=f"{name}_bank")
        self.row = Signal(range(depth), name=f"{name}_row")
        self.first_row = Signal(range(depth), name=f"{name}_first_row")
        if m is not None:
            following = self.row + 1
            if depth & (depth - 1):
                following = Mux(self.row == depth - 1, 0, following)
            m.d.comb += [
                self.offset.eq(address),
                self.bank.eq(address[offset_bits:]),
                self.row.eq(address[row_bit:]),
                self.first_row.eq(Mux(self.bank == self.banks - 1, following, self.row)),
            ]

    def parts(self) -> tuple[Signal, ...]:
        """All that it consists of."""
        return self.offset, self.bank, self.row, self.first_row

    @property
    def wrapped(self) -> Value:
        """A bit for each lane of ``width`` bytes: it belongs to the next bank."""
        return Cat(self.offset > lane for lane in range(self.width))

    def row_of(self, index: int) -> Any:
        """Row that bank ``index`` is accessed in: the word after the last bank's is a row on."""
        return self.row if index else self.first_row

    def bank_set(self, m: Module, low: Any, high: Any) -> Any:
        """A bit for each bank: the first one where ``low``, the one behind it where ``high``."""
        needed = Signal(self.banks, name=f"{self.bank.name}_set")
        for index in range(self.banks):
            m.d.comb += needed[index].eq(
                (low & (self.bank == index)) | (high & (self.bank == (index - 1) % self.banks))
            )
        return needed


class _Write:
    """Registers between a write's rotation and the banks."""

    def __init__(self, name: str, config: NpuConfig, depth: int) -> None:
        width = config.port_bytes
        self.place = _Place(None, None, config, depth, f"{name}_late")
        self.banks = Signal(config.scratchpad_banks, name=f"{name}_late_banks")
        self.data = Signal(8 * width, name=f"{name}_late_data")
        self.low = Signal(width, name=f"{name}_low")
        self.high = Signal(width, name=f"{name}_high")

    def mask_of(self, index: int) -> Any:
        """Byte enables of bank ``index``."""
        lanes = Mux(self.place.bank == index, self.low, self.high)
        return Mux(self.banks[index], lanes, 0)


class Scratchpad(Component):
    """Activation memory. Addresses wrap modulo ``scratchpad_bytes``.

    Ports
    -----
    read, write: compute side, always accepted.
    dma_read, dma_write: served when no bank they need serves the compute side's access of the
        same kind. Reads wait in a FIFO, a write in the registers before the banks, so that no
        ``ready`` depends on the compute side in the same cycle.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        width = config.port_bytes
        super().__init__(
            {
                "read": In(read_port(width)),
                "write": In(write_port(width)),
                "dma_read": In(dma_read_port(width)),
                "dma_write": In(dma_write_port(width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        depth = config.scratchpad_bytes // (config.port_bytes * config.scratchpad_banks)
        banks = [
            block_ram(m, f"bank_{index}", 8 * config.port_bytes, depth)
            for index in range(config.scratchpad_banks)
        ]
        self._connect_reads(m, banks, depth)
        self._connect_writes(m, [bank.write_port(granularity=8) for bank in banks], depth)
        return m

    def _connect_reads(self, m: Module, banks: list[Any], depth: int) -> None:
        """Stage 1: banks are read. Stage 2: the words are rotated into registers."""
        place, needed = self._read_place(m, "read", self.read, depth)
        request, request_needed = self._read_place(m, "dma_request", self.dma_read, depth)
        dma_place = _Place(None, None, self._config, depth, "dma_read")
        dma_needed = Signal.like(needed)
        # What is needed of a request's place, so that it is found before the request waits.
        asked = Cat(request_needed, *request.parts())
        m.submodules.dma_requests = fifo = SyncFIFO(width=len(asked), depth=READS_FIFO)
        m.d.comb += [
            fifo.w_data.eq(asked),
            fifo.w_en.eq(self.dma_read.valid),
            self.dma_read.ready.eq(fifo.w_rdy),
            Cat(dma_needed, *dma_place.parts()).eq(fifo.r_data),
        ]
        m.d.comb += fifo.r_en.eq(~self.read.valid | ~(needed & dma_needed).any())
        words = []
        for index, bank in enumerate(banks):
            use = self.read.valid & needed[index]
            row = Mux(use, place.row_of(index), dma_place.row_of(index))
            # The word of a request that is refused is read, but used by nobody.
            enable = use | (fifo.r_rdy & dma_needed[index])
            words.append(read_block_ram(m, bank, row, enable))
        self._rotate_read(m, self.read.data, place, self.read.valid, words)
        taken = fifo.r_rdy & fifo.r_en
        arrived = self._rotate_read(m, self.dma_read.data, dma_place, taken, words)
        m.d.sync += self.dma_read.arrives.eq(arrived)

    def _read_place(self, m: Module, name: str, access: Any, depth: int) -> tuple[_Place, Any]:
        """Place of a read, and the banks that it needs."""
        place = _Place(m, access.address, self._config, depth, name)
        return place, place.bank_set(m, Const(1), access.crosses)

    def _rotate_read(self, m: Module, data: Signal, place: _Place, taken: Any, words: Any) -> Any:
        """Fills ``data`` two cycles after ``taken``; returns that its word is at the banks."""
        name = place.bank.name
        read, offset = Signal(name=f"{name}_read"), Signal.like(place.offset, name=f"{name}_offset")
        m.d.sync += [read.eq(taken), offset.eq(place.offset)]
        lanes = []
        for lane, wrapped in enumerate(place.wrapped):
            # Registers of each lane, as the banks' words have little of a cycle left.
            bank = Signal.like(place.bank, name=f"{name}_lane_{lane}")
            m.d.sync += bank.eq(place.bank + wrapped)
            lanes.append(Array(word.word_select(lane, 8) for word in words)[bank])
        # The words come late in their cycle: the last step of the rotation waits for the next one.
        rotated, last_step = Signal.like(data, name=f"{name}_rotated"), Signal(name=f"{name}_step")
        with m.If(read):
            m.d.sync += rotated.eq(_rotate(Cat(*lanes), -8, offset[:-1]))
            m.d.sync += last_step.eq(offset[-1])
        m.d.comb += data.eq(_rotate(rotated, -4 * self._config.port_bytes, last_step))
        return read

    def _connect_writes(self, m: Module, banks: list[Any], depth: int) -> None:
        """Stage 1: data and mask are rotated into registers. Stage 2: banks are written."""
        compute = self._rotate_write(m, "write", self.write, depth, Const(1))
        ready = self.dma_write.ready
        dma = self._rotate_write(m, "dma_write", self.dma_write, depth, ready)
        m.d.comb += ready.eq(~(compute.banks & dma.banks).any())
        for index, bank in enumerate(banks):
            use = compute.banks[index]
            m.d.comb += [
                bank.addr.eq(Mux(use, compute.place.row_of(index), dma.place.row_of(index))),
                bank.data.eq(Mux(use, compute.data, dma.data)),
                bank.en.eq(compute.mask_of(index) | Mux(ready, dma.mask_of(index), 0)),
            ]

    def _rotate_write(self, m: Module, name: str, port: Any, depth: int, take: Any) -> _Write:
        """Registers of one side's write, filled in cycles with ``take``."""
        place = _Place(m, port.address, self._config, depth, name)
        mask = Signal(place.width, name=f"{name}_mask")
        m.d.comb += mask.eq(_rotate(port.mask, 1, place.offset))
        low, high = mask & ~place.wrapped, mask & place.wrapped
        banks = place.bank_set(m, low.any(), high.any())
        write = _Write(name, self._config, depth)
        with m.If(take):
            m.d.sync += [
                write.banks.eq(Mux(port.valid, banks, 0)),
                write.low.eq(low),
                write.high.eq(high),
                write.data.eq(_rotate(port.data, 8, place.offset)),
                write.place.bank.eq(place.bank),
                write.place.row.eq(place.row),
                write.place.first_row.eq(place.first_row),
            ]
        return write
