"""The microprogram: what each command of hw.spec.commands does.

Commands are taken in order, each to its end. CONV and DEPTHWISE walk tiles of neighbouring output
pixels, across row ends, a pixel a column; for each tile all blocks of channels; for each block all
taps of the windows, then the results. Weights are read where they lie in main memory: WEIGHTS says
where, and each command goes on behind the one before.
"""

from __future__ import annotations

from tilewright.hw.npu.microcode.assembler import Assembler, In, Op, Out, Size, Write
from tilewright.hw.npu.microcode.sequences import add, field, next_command, put
from tilewright.hw.npu.microcode.window_program import OUTPUTS, window_commands
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import RECORD, RECORD_WORDS


def microprogram(config: NpuConfig) -> list[int]:
    """Words of the ROM."""
    a = Assembler()
    a.label("idle")
    a(Op.HALT)
    a(Op.IN, In.COMMANDS)
    a(Op.ST, "command")
    _dispatch(a, config)
    _memory_commands(a)
    _mark(a)
    window_commands(a, config)
    if len(a.registers) > OUTPUTS:
        raise ValueError("too many registers")
    return a.words()


def _dispatch(a: Assembler, config: NpuConfig) -> None:
    a.label("fetch")
    a(Op.LD, "command")
    a(Op.READ, Size.BYTE)
    before = 0
    for opcode in config.opcodes:
        a(Op.ADI, before - opcode)
        a(Op.JZ, opcode.name)
        before = opcode
    a(Op.ERROR)
    a(Op.JMP, "idle")
    a.label(Opcode.END.name)
    a(Op.END)
    a(Op.JMP, "idle")


def _memory_commands(a: Assembler) -> None:
    a.label(Opcode.WEIGHTS.name)
    field(a, Opcode.WEIGHTS, "memory_address")
    a(Op.ST, "weights")
    next_command(a, Opcode.WEIGHTS)
    for opcode, ends in ((Opcode.LOAD, ("source", "target")), (Opcode.STORE, ("target", "source"))):
        a.label(opcode.name)
        for end, place in zip(ends, ("memory", "scratchpad"), strict=True):
            field(a, opcode, f"{place}_address")
            a(Op.ST, end)
            field(a, opcode, f"{place}_pitch")
            a(Op.ST, f"{end}_pitch")
        a(Op.IN, In.SCRATCHPAD)
        a(Op.ADD, ends[1])
        a(Op.ST, ends[1])
        if opcode is Opcode.LOAD:
            a(Op.JMP, "copy")
    _copy(a)


def _copy(a: Assembler) -> None:
    """Rows of bytes, one at a time."""
    a.label("copy")
    field(a, Opcode.LOAD, "row_bytes")
    a(Op.ST, "row_bytes")
    a(Op.JZ, "copied")
    field(a, Opcode.LOAD, "rows")
    a(Op.JZ, "copied")
    a.label("copy_row")
    a(Op.ST, "rows")
    put(a, "from", "source")
    put(a, "to", "target")
    put(a, "left", "row_bytes")
    a.label("copy_byte")
    a(Op.LD, "from")
    a(Op.READ, Size.BYTE)
    a(Op.OUT, Out.DATA)
    a(Op.LD, "to")
    a(Op.WRITE, Write.BYTE)
    a(Op.ADI, 1)
    a(Op.ST, "to")
    add(a, "from", 1)
    add(a, "left", -1)
    a(Op.JNZ, "copy_byte")
    add(a, "source", "source_pitch")
    add(a, "target", "target_pitch")
    a(Op.LD, "rows")
    a(Op.ADI, -1)
    a(Op.JNZ, "copy_row")
    a.label("copied")
    next_command(a, Opcode.LOAD)


def _mark(a: Assembler) -> None:
    """A record of the layer and the time; what is not counted is zero."""
    a.label(Opcode.MARK.name)
    put(a, Out.DATA, 0)
    put(a, "left", RECORD_WORDS)
    a(Op.IN, In.PROFILE)
    a.label("record")
    a(Op.WRITE, Write.WORD)
    a(Op.ADI, 4)
    a(Op.ST, "to")
    add(a, "left", -1)
    a(Op.JZ, "recorded")
    a(Op.LD, "to")
    a(Op.JMP, "record")
    a.label("recorded")
    for byte in range(2):
        a(Op.LD, "command")
        a(Op.ADI, 4 + byte)
        a(Op.READ, Size.BYTE)
        a(Op.OUT, Out.DATA)
        a(Op.IN, In.PROFILE)
        a(Op.ADI, 4 * RECORD.index("layer") + byte)
        a(Op.WRITE, Write.BYTE)
    a(Op.IN, In.PROFILE)
    a(Op.ADI, 4 * RECORD.index("time"))
    a(Op.WRITE, Write.TIME)
    a(Op.LD, "to")
    a(Op.OUT, Out.PROFILE)
    next_command(a, Opcode.MARK)
