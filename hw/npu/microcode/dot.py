"""Chunks of windows times weights: rows of sums in a memory, a column an address.

A chunk is four bytes of a column's window. In a convolution byte ``k`` meets weight word ``k``,
which has a byte for each row. In a depthwise command byte ``r`` meets byte ``r`` of a single word:
the words' other bytes are zero, in places of the memory that are never written.

====  ==========================================================
0     the chunk's bytes are there; weights of bytes 0 and 1 are read
1     products of bytes 0 and 1; weights of bytes 2 and 3 are read
2     products of bytes 2 and 3
3     sum of the four; the sums so far are read
4     their sum is written
====  ==========================================================
"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.block_ram import block_ram, read_block_ram
from tilewright.hw.npu.microcode.products import DualProduct
from tilewright.hw.npu.microcode.sequencer import INDEX_BITS
from tilewright.hw.spec.npu_config import NpuConfig

CHUNK = 4
"""Bytes of a chunk; rows of the array."""

_ZEROS = 4
"""A pair of weight words that are never written: 0 and 1 are a chunk's, 2 and 3 a depthwise
command's."""


class Dot(Component):
    """See the module's text.

    Ports
    -----
    weight, word, number: weight word ``number``; depthwise: the only one.
    depthwise; tail: bytes of the chunk that count, 0 for all of them.
    chunk, bytes, column, first: a chunk for a column, no sooner than two cycles after the one
        before; first: the sums begin with it.
    busy: something is under way.
    read: column whose sums are read while not busy; block_ram_word: these, a cycle later (the name
        is for synthesis, see hw.block_ram).
    """

    def __init__(self, config: NpuConfig) -> None:
        self._bits = config.accumulator_bits
        super().__init__(
            {
                "weight": In(1),
                "word": In(32),
                "number": In(2),
                "depthwise": In(1),
                "tail": In(2),
                "chunk": In(1),
                "bytes": In(8 * CHUNK),
                "column": In(INDEX_BITS),
                "first": In(1),
                "busy": Out(1),
                "read": In(INDEX_BITS),
                "block_ram_word": Out(CHUNK * config.accumulator_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stages = [Signal(name=f"stage_{i}") for i in range(1, 5)]
        m.d.sync += [after.eq(before) for before, after in pairwise([self.chunk, *stages])]
        m.d.comb += self.busy.eq(self.chunk | Cat(stages).any())
        held, column, first = Signal(8 * CHUNK), Signal(INDEX_BITS), Signal()
        with m.If(self.chunk):
            m.d.sync += [held.eq(self.bytes), column.eq(self.column), first.eq(self.first)]
        weights = self._weights(m, stages[0])
        pair = Mux(stages[0], held[:16], held[16:])
        sums = self._accumulate(m, stages, column, first)
        for row in range(CHUNK):
            product = DualProduct()
            m.submodules[f"product_{row}"] = product
            two, earlier = (Signal(signed(17), name=f"{n}_{row}") for n in ("two", "earlier"))
            m.d.comb += [product.a.eq(pair), product.b.eq(weights[row])]
            # A register behind each addition: Yosys makes one large one of several in a row.
            m.d.sync += [
                two.eq(product.low + product.high),
                earlier.eq(two),
                sums[row].eq(earlier + two),
            ]
        return m

    def _weights(self, m: Module, second: Signal) -> list[Signal]:
        """The memory of the weight words, by parity and by half; a row's two of the cycle."""
        address, places = self.number[1], []
        even = Signal(3)
        odd = Signal(3)
        base = Cat(second, self.depthwise)
        # Bytes behind the tail take zeros instead.
        ends = self.tail != 0
        m.d.comb += [
            even.eq(Mux(ends & second & (self.tail != 3), _ZEROS, base)),
            odd.eq(Mux(ends & (second | (self.tail == 1)), _ZEROS, base)),
        ]
        for parity, place in enumerate((even, odd)):
            for half in range(2):
                memory = block_ram(m, f"weights_{parity}_{half}", 16, 8)
                write = memory.write_port(granularity=8)
                mine = self.weight & (self.number[0] == parity)
                tap = self.weight << parity
                m.d.comb += [
                    write.addr.eq(Mux(self.depthwise, 2 + half, address)),
                    write.data.eq(self.word.word_select(half, 16)),
                    write.en.eq(Mux(self.depthwise, tap, mine.replicate(2))),
                ]
                places.append(read_block_ram(m, memory, place))
        return [
            Cat(
                places[row // 2].word_select(row % 2, 8),
                places[2 + row // 2].word_select(row % 2, 8),
            )
            for row in range(CHUNK)
        ]

    def _accumulate(
        self, m: Module, stages: list[Signal], column: Signal, first: Signal
    ) -> list[Signal]:
        """The memory of sums; returns what is added to those of a chunk's column in stage 4."""
        bits, added = self._bits, []
        memory = block_ram(m, "sums", CHUNK * bits, 2 << INDEX_BITS)
        write = memory.write_port()
        # One bit more than a column's number has: such places are never written.
        place, last = Signal(INDEX_BITS + 1), Signal.like(column)
        m.d.sync += [place.eq(Cat(column, first)), last.eq(place)]
        m.d.comb += [
            self.block_ram_word.eq(read_block_ram(m, memory, Mux(stages[2], place, self.read))),
            write.addr.eq(last),
            write.en.eq(stages[3]),
        ]
        for row in range(CHUNK):
            four = Signal(signed(18), name=f"added_{row}")
            before = self.block_ram_word.word_select(row, bits).as_signed()
            m.d.comb += write.data.word_select(row, bits).eq(before + four)
            added.append(four)
        return added
