"""Requantisation parameters of the blocks: one set in use, the next one loading or waiting.

A set holds bias, multiplier and shift for every row, for each of two blocks of channels. It comes
as `PARAMETER_WORDS` byte planes (see hw.spec.commands) and passes three hands in order: it is
loaded from the weight stream, waits for the array to reach its block's end, and serves the drain
until that has finished the block. Two sets take turns, so a block's parameters load while the
block before it is computed and drained.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from hw.spec.commands import PARAMETER_WORDS
from hw.spec.npu_config import NpuConfig

SETS = 2
"""Sets of parameters, used in turn."""


class ParameterSets(Component):
    """Both sets and their turns.

    Ports
    -----
    words: byte planes, two weight words each: the low one for the first block of channels, the
        high one for the second (unpaired commands: undefined). Taken while a set is free.
    loaded: a complete set waits for the block at the array.
    taken: pulse, the array has announced the last tile of that block.
    freed: pulse, the drain has finished the block that it reads for.
    half: which of the two blocks of channels the drain reads for; combinational to
    biases, multipliers, shifts: its 32, 31 and 8 bits for each row, row 0 lowest.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "words": In(stream.Signature(8 * config.weight_pair_bytes)),
                "loaded": Out(1),
                "taken": In(1),
                "freed": In(1),
                "half": In(1),
                "biases": Out(32 * config.rows),
                "multipliers": Out(31 * config.rows),
                "shifts": Out(8 * config.rows),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plane = Signal(range(PARAMETER_WORDS))
        filling, reading = Signal(range(SETS)), Signal(range(SETS))
        held, waiting = Signal(range(SETS + 1)), Signal(range(SETS + 1))
        word, complete = Signal(), Signal()
        m.d.comb += [
            self.words.ready.eq(held != SETS),
            word.eq(self.words.valid & self.words.ready),
            complete.eq(word & (plane == PARAMETER_WORDS - 1)),
            self.loaded.eq(waiting != 0),
        ]
        m.d.sync += held.eq(held + complete - self.freed)
        m.d.sync += waiting.eq(waiting + complete - self.taken)
        m.d.sync += reading.eq(reading ^ self.freed)
        with m.If(word):
            m.d.sync += plane.eq(Mux(complete, 0, plane + 1))
            m.d.sync += filling.eq(filling ^ complete)
        enable = Signal(PARAMETER_WORDS)
        m.d.comb += enable.eq(Mux(word, 1 << plane, 0))
        halves = [self._memory(m, half, enable, filling, reading) for half in range(2)]
        chosen = Signal.like(halves[0])
        m.d.comb += chosen.eq(Mux(self.half, halves[1], halves[0]))
        self._unfold(m, chosen)
        return m

    def _memory(
        self, m: Module, half: int, enable: Signal, filling: Signal, reading: Signal
    ) -> Value:
        """Storage of a half's planes, one behind the other; returns those of the set read."""
        config = self._config
        plane_bits = 8 * config.rows
        memory = Memory(shape=PARAMETER_WORDS * plane_bits, depth=SETS, init=[])
        m.submodules[f"half_{half}"] = memory
        write = memory.write_port(granularity=plane_bits)
        read = memory.read_port(domain="comb")
        word = self.words.payload.word_select(half, 8 * config.weight_word_bytes)
        m.d.comb += [
            write.en.eq(enable),
            write.addr.eq(filling),
            write.data.eq(word[:plane_bits].replicate(PARAMETER_WORDS)),
            read.addr.eq(reading),
        ]
        return read.data

    def _unfold(self, m: Module, planes: Signal) -> None:
        """From byte planes to the rows' values."""
        rows = self._config.rows

        def plane_bytes(row: int, first: int, count: int) -> Value:
            return Cat(planes.word_select(p * rows + row, 8) for p in range(first, first + count))

        m.d.comb += [
            self.biases.eq(Cat(plane_bytes(row, 0, 4) for row in range(rows))),
            self.multipliers.eq(Cat(plane_bytes(row, 4, 4)[:31] for row in range(rows))),
            self.shifts.eq(Cat(plane_bytes(row, 8, 1) for row in range(rows))),
        ]
