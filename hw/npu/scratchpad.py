"""The scratchpad: activation memory in banks, unaligned reads and writes of up to a port's width.

Byte address ``a`` lies in bank ``(a / port_bytes) % banks``, so an access of ``port_bytes``
consecutive bytes touches one bank or two neighbouring ones. Each bank reads and writes one word a
cycle. The compute side always gets what it asks for; the DMA is served in the same cycle when the
banks it needs are free.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out, Signature
from amaranth.utils import exact_log2

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


class _Place:
    """Where an access lies: byte ``offset`` in ``row`` of ``bank``, and on into the next bank."""

    def __init__(
        self, m: Module | None, address: Any, config: NpuConfig, depth: int, name: str
    ) -> None:
        offset_bits = exact_log2(config.port_bytes)
        row_bit = offset_bits + exact_log2(config.scratchpad_banks)
        self.banks = config.scratchpad_banks
        self.offset = Signal(offset_bits, name=f"{name}_offset")
        self.bank = Signal(range(self.banks), name=f"{name}_bank")
        self.row = Signal(range(depth), name=f"{name}_row")
        self.next_row = Signal(range(depth), name=f"{name}_next_row")
        if m is not None:
            m.d.comb += [
                self.offset.eq(address),
                self.bank.eq(address[offset_bits:]),
                self.row.eq(address[row_bit:]),
                self.next_row.eq(Mux(self.row == depth - 1, 0, self.row + 1)),
            ]

    def row_of(self, index: int) -> Any:
        """Row that bank ``index`` is accessed in: the word after the last bank's is a row on."""
        return Mux(self.bank == self.banks - 1, self.next_row, self.row) if index == 0 else self.row

    def bank_set(self, m: Module, low: Any, high: Any) -> Any:
        """A bit for each bank: the first one where ``low``, the one behind it where ``high``."""
        needed = Signal(self.banks, name=f"{self.bank.name}_set")
        for index in range(self.banks):
            m.d.comb += needed[index].eq(
                (low & (self.bank == index)) | (high & (self.bank == (index - 1) % self.banks))
            )
        return needed


class _Write:
    """Registers between a write's rotation and the banks; ``take`` fills them."""

    def __init__(self, name: str, config: NpuConfig, depth: int) -> None:
        width = config.port_bytes
        self.take = Signal(name=f"{name}_take")
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
    dma_read, dma_write: granted when no bank they need serves the compute side's access of the
        same kind in this cycle.
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
        reads, writes = [], []
        for index in range(config.scratchpad_banks):
            bank = Memory(shape=8 * config.port_bytes, depth=depth, init=[])
            m.submodules[f"bank_{index}"] = bank
            reads.append(bank.read_port(domain="sync"))
            writes.append(bank.write_port(granularity=8))
        self._connect_reads(m, reads, depth)
        self._connect_writes(m, writes, depth)
        return m

    def _connect_reads(self, m: Module, banks: list[Any], depth: int) -> None:
        """Stage 1: banks are read. Stage 2: the words are rotated into the output register."""
        sides = []
        for name, port in (("read", self.read), ("dma_read", self.dma_read)):
            place = _Place(m, port.address, self._config, depth, name)
            high = Signal(name=f"{name}_needs_high")
            m.d.comb += high.eq(place.offset + port.size > self._config.port_bytes)
            sides.append((port, place, place.bank_set(m, Const(1), high)))
        (compute, compute_place, compute_banks), (dma, dma_place, dma_banks) = sides
        m.d.comb += dma.ready.eq(~compute.valid | ~(compute_banks & dma_banks).any())

        for index, bank in enumerate(banks):
            use = compute.valid & compute_banks[index]
            m.d.comb += [
                bank.en.eq(use | (dma.valid & dma.ready & dma_banks[index])),
                bank.addr.eq(Mux(use, compute_place.row_of(index), dma_place.row_of(index))),
            ]
        for port, place, taken in (
            (compute, compute_place, compute.valid),
            (dma, dma_place, dma.valid & dma.ready),
        ):
            self._rotate_read(m, port, place, taken, banks)

    def _rotate_read(self, m: Module, port: Any, place: _Place, taken: Any, banks: Any) -> None:
        offset, bank = Signal.like(place.offset), Signal.like(place.bank)
        read = Signal()
        m.d.sync += read.eq(taken)
        with m.If(taken):
            m.d.sync += [offset.eq(place.offset), bank.eq(place.bank)]
        words = [bank_port.data for bank_port in banks]
        low = Array(words)[bank]
        high = Array([*words[1:], words[0]])[bank]
        data = Signal(8 * self._config.port_bytes)
        with m.If(read):
            m.d.sync += data.eq(Cat(low, high) >> Cat(Const(0, 3), offset))
        m.d.comb += port.data.eq(data)

    def _connect_writes(self, m: Module, banks: list[Any], depth: int) -> None:
        """Stage 1: data and mask are rotated into registers. Stage 2: banks are written."""
        compute, compute_banks = self._rotate_write(m, "write", self.write, depth)
        dma, dma_banks = self._rotate_write(m, "dma_write", self.dma_write, depth)
        ready = Signal()
        m.d.comb += [
            ready.eq(~self.write.valid | ~(compute_banks & dma_banks).any()),
            self.dma_write.ready.eq(ready),
            compute.take.eq(self.write.valid),
            dma.take.eq(self.dma_write.valid & ready),
        ]
        for index, bank in enumerate(banks):
            use = compute.banks[index]
            m.d.comb += [
                bank.addr.eq(Mux(use, compute.place.row_of(index), dma.place.row_of(index))),
                bank.data.eq(Mux(use, compute.data, dma.data)),
                bank.en.eq(compute.mask_of(index) | dma.mask_of(index)),
            ]

    def _rotate_write(self, m: Module, name: str, port: Any, depth: int) -> tuple[_Write, Any]:
        """Registers of one side's write, and the banks that it needs before them."""
        width = self._config.port_bytes
        place = _Place(m, port.address, self._config, depth, name)
        # Byte i goes to lane (i + offset) % width; lanes below offset belong to the next bank.
        mask, upper_lanes = Signal(width, name=f"{name}_mask"), Signal(width, name=f"{name}_upper")
        right = Signal(range(width + 1), name=f"{name}_right")
        m.d.comb += [
            right.eq(width - place.offset),
            mask.eq(Cat(port.mask, port.mask) >> right),
            upper_lanes.eq(((1 << width) - 1) >> right),
        ]
        low, high = mask & ~upper_lanes, mask & upper_lanes
        banks = place.bank_set(m, low.any(), high.any())
        write = _Write(name, self._config, depth)
        m.d.sync += write.banks.eq(Mux(write.take, banks, 0))
        with m.If(write.take):
            m.d.sync += [
                write.low.eq(low),
                write.high.eq(high),
                write.data.eq(Cat(port.data, port.data) >> Cat(Const(0, 3), right)),
                write.place.bank.eq(place.bank),
                write.place.row.eq(place.row),
                write.place.next_row.eq(place.next_row),
            ]
        return write, banks
