"""Requantisation parameters of the blocks: one set in use, the next one loading or waiting.

A set holds bias, multiplier and shift for every row, for each of two blocks of channels. It comes
as `PARAMETER_WORDS` byte planes (see hw.spec.commands) and passes three hands in order: it is
loaded from the weight stream, waits for the array to reach its block's end, and serves the drain
until that has finished the block. Two sets take turns, so a block's parameters load while the
block before it is computed and drained.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.spec.commands import PARAMETER_WORDS
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import PARAMETER_SETS


class ParameterSets(Component):
    """Both sets and their turns.

    Ports
    -----
    words: byte planes, two weight words each: the low one for the first block of channels, the
        high one for the second (unpaired commands: undefined). Taken while a set is free.
    loaded: a complete set waits for the block at the array.
    taken: pulse, the array has announced the last tile of that block.
    freed: pulse, the drain has finished the block that it reads for.
    turned: pulse, the drain reads for the other one of the two blocks of channels from now on. It
        begins each of its own blocks with the first one.
    biases, multipliers, shifts: 32, 31 and 8 bits for each row, row 0 lowest, of the block that
        the drain reads for.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "words": In(stream.Signature(8 * config.weight_pair_bytes)),
                "loaded": Out(1),
                "taken": In(1),
                "freed": In(1),
                "turned": In(1),
                "biases": Out(32 * config.rows),
                "multipliers": Out(31 * config.rows),
                "shifts": Out(8 * config.rows),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plane = Signal(range(PARAMETER_WORDS))
        filling = Signal(range(PARAMETER_SETS))
        held, waiting = Signal(range(PARAMETER_SETS + 1)), Signal(range(PARAMETER_SETS + 1))
        word, complete = Signal(), Signal()
        m.d.comb += [
            self.words.ready.eq(held != PARAMETER_SETS),
            word.eq(self.words.valid & self.words.ready),
            complete.eq(word & (plane == PARAMETER_WORDS - 1)),
            self.loaded.eq(waiting != 0),
        ]
        m.d.sync += held.eq(held + complete - self.freed)
        m.d.sync += waiting.eq(waiting + complete - self.taken)
        with m.If(word):
            m.d.sync += plane.eq(Mux(complete, 0, plane + 1))
            m.d.sync += filling.eq(filling ^ complete)
        self._store(m, Mux(word, 1 << plane, 0), filling)
        return m

    def _store(self, m: Module, enable: Value, filling: Signal) -> None:
        """Memory of all sets. ``enable``: planes that are written, in the set ``filling``.

        A plane's memory has one write port: the second block's word goes in a cycle after the first
        one's, while that one's next plane is written.
        """
        rows, word_bits = self._config.rows, 8 * self._config.weight_word_bytes
        first, second = (self.words.payload.word_select(block, word_bits) for block in range(2))
        enables, late_enables = Signal(PARAMETER_WORDS), Signal(PARAMETER_WORDS)
        late_address, late_word = Signal(range(2 * PARAMETER_SETS)), Signal(word_bits)
        m.d.comb += enables.eq(enable)
        m.d.sync += [
            late_enables.eq(enables),
            late_address.eq(Cat(Const(1, 1), filling)),
            late_word.eq(second),
        ]
        addresses = [self._read_address(m, row) for row in range(rows)]
        planes: list[list[Value]] = [[] for _ in range(rows)]
        for plane in range(PARAMETER_WORDS):
            late = Cat(late_enables[other] for other in _sharing(plane)).any()
            for row in range(rows):
                memory = Memory(shape=8, depth=2 * PARAMETER_SETS, init=[])
                m.submodules[f"row_{row}_plane_{plane}"] = memory
                write, read = memory.write_port(), memory.read_port(domain="comb")
                m.d.comb += [
                    write.en.eq(enables[plane] | late_enables[plane]),
                    write.addr.eq(Mux(late, late_address, Cat(Const(0, 1), filling))),
                    write.data.eq(Mux(late, late_word, first).word_select(row, 8)),
                    read.addr.eq(addresses[row]),
                ]
                planes[row].append(read.data)
        for row, values in enumerate(planes):
            m.d.comb += [
                self.biases.word_select(row, 32).eq(Cat(*values[:4])),
                self.multipliers.word_select(row, 31).eq(Cat(*values[4:8])),
                self.shifts.word_select(row, 8).eq(values[8]),
            ]

    def _read_address(self, m: Module, row: int) -> Value:
        """Block and set that the drain reads for: registers of each row, with short wires."""
        reading = Signal(range(PARAMETER_SETS), name=f"reading_{row}")
        half = Signal(name=f"half_{row}")
        m.d.sync += reading.eq(reading ^ self.freed)
        m.d.sync += half.eq(half ^ self.turned)
        return Cat(half, reading)


def _sharing(plane: int) -> range:
    """Planes that are written from the same wires as ``plane``, itself included.

    No two of them are written one after the other, so that those wires never have to bring one
    plane's first word and another one's late second word together. The number of planes is odd, so
    that it takes a third group: the last plane.
    """
    last = PARAMETER_WORDS - 1
    return range(last, last + 1) if plane == last else range(plane % 2, last, 2)
