"""The sequencer: executes the microprogram, an instruction a cycle.

====  ==========================================================
0     the instruction is read
1     its register is read
2     it is executed
====  ==========================================================

A jump that is taken drops the two instructions behind it.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.block_ram import block_ram, read_block_ram
from tilewright.hw.npu.microcode.assembler import (
    ARGUMENT_BITS,
    INDEXED,
    INSTRUCTION_BITS,
    TARGET_BITS,
    Op,
)
from tilewright.hw.npu.microcode.assembler import In as Inputs
from tilewright.hw.npu.microcode.assembler import Out as Outputs
from tilewright.hw.npu.microcode.program import microprogram
from tilewright.hw.spec.npu_config import NpuConfig

WORD_BITS = 18
"""Of the accumulator and of the registers: byte addresses of main memory, from its start."""

REGISTERS = 256

INDEX_BITS = 5
"""Of the number of a column."""


class Sequencer(Component):
    """See the module's text.

    Ports
    -----
    valid, op, argument, a: the instruction that is executed, with the accumulator; stays until
        a cycle without ``hold``. done: the last such cycle.
    start: a stream begins, whose commands begin at ``commands``. profile, scratchpad: addresses.
    abort: back to the first instruction, whatever is being executed.
    read: what `Op.READ` takes, in the cycle that ends it.
    index, columns: number of the column at hand, and of columns.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "valid": Out(1),
                "op": Out(Op),
                "argument": Out(ARGUMENT_BITS),
                "a": Out(WORD_BITS),
                "hold": In(1),
                "done": Out(1),
                "start": In(1),
                "abort": In(1),
                "commands": In(WORD_BITS),
                "profile": In(WORD_BITS),
                "scratchpad": In(WORD_BITS),
                "read": In(WORD_BITS),
                "index": Out(INDEX_BITS),
                "columns": Out(INDEX_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        program = microprogram(self._config)
        rom = block_ram(m, "rom", INSTRUCTION_BITS, 1 << TARGET_BITS, program)
        counter, fetched = Signal(TARGET_BITS), Signal()
        jump, advance = Signal(), Signal()
        m.d.comb += [
            advance.eq(~(self.valid & self.hold)),
            self.done.eq(self.valid & ~self.hold),
        ]
        instruction = read_block_ram(m, rom, counter, advance)
        with m.If(advance):
            m.d.sync += [
                counter.eq(counter + 1),
                fetched.eq(1),
                self.valid.eq(fetched),
                Cat(self.argument, self.op).eq(instruction),
            ]
        with m.If(jump & advance):
            m.d.sync += counter.eq(self.argument)
        with m.If(self.abort):
            m.d.sync += counter.eq(0)
        with m.If(self.abort | (jump & advance)):
            m.d.sync += [fetched.eq(0), self.valid.eq(0)]
        operand = self._register(m, instruction, advance)
        self._execute(m, operand)
        self._branch(m, jump)
        self._count(m)
        return m

    def _register(self, m: Module, instruction: Signal, advance: Signal) -> Signal:
        """The registers; returns the one that the instruction at hand has read."""
        registers = block_ram(m, "registers", WORD_BITS, REGISTERS)
        write = registers.write_port()

        def number(argument: Signal) -> Signal:
            indexed = argument[INDEXED.bit_length() - 1]
            return argument[:8] | Mux(indexed, self.index, 0)

        m.d.comb += [
            write.addr.eq(number(self.argument)),
            write.data.eq(self.a),
            write.en.eq(self.valid & (self.op == Op.ST)),
        ]
        return read_block_ram(m, registers, number(instruction[:ARGUMENT_BITS]), advance)

    def _execute(self, m: Module, register: Signal) -> None:
        """What becomes of the accumulator."""
        operand, total = Signal(WORD_BITS), Signal(WORD_BITS)
        source = Signal(WORD_BITS)
        inputs = {
            Inputs.COMMANDS: self.commands,
            Inputs.PROFILE: self.profile,
            Inputs.SCRATCHPAD: self.scratchpad,
        }
        with m.Switch(self.argument[:2]):
            for port, value in inputs.items():
                with m.Case(port):
                    m.d.comb += source.eq(value)
        with m.Switch(self.op):
            with m.Case(Op.LDI, Op.ADI):
                m.d.comb += operand.eq(self.argument.as_signed())
            with m.Case(Op.READ):
                m.d.comb += operand.eq(self.read)
            with m.Case(Op.IN):
                m.d.comb += operand.eq(source)
            with m.Case(Op.SUB):
                m.d.comb += operand.eq(~register)
            with m.Default():
                m.d.comb += operand.eq(register)
        m.d.comb += total.eq(self.a + operand + (self.op == Op.SUB))
        with m.If(self.done), m.Switch(self.op):
            with m.Case(Op.ADI, Op.ADD, Op.SUB):
                m.d.sync += self.a.eq(total)
            with m.Case(Op.LDI, Op.LD, Op.IN, Op.READ):
                m.d.sync += self.a.eq(operand)
            with m.Case(Op.ALIGN):
                m.d.sync += self.a[:3].eq(0)

    def _branch(self, m: Module, jump: Signal) -> None:
        zero = self.a == 0
        conditions = {
            Op.JMP: 1,
            Op.JZ: zero,
            Op.JNZ: ~zero,
            Op.JN: self.a[-1],
            Op.JX: self.index != self.columns,
        }
        with m.If(self.valid), m.Switch(self.op):
            for op, condition in conditions.items():
                with m.Case(op):
                    m.d.comb += jump.eq(condition)

    def _count(self, m: Module) -> None:
        with m.If(self.valid), m.Switch(self.op):
            with m.Case(Op.NEXT):
                m.d.sync += self.index.eq(self.index + 1)
            with m.Case(Op.COUNT):
                m.d.sync += self.columns.eq(self.index)
            with m.Case(Op.OUT):
                with m.If(self.argument[:5] == Outputs.INDEX):
                    m.d.sync += self.index.eq(self.a)
                with m.If(self.argument[:5] == Outputs.COLUMNS):
                    m.d.sync += self.columns.eq(self.a)
