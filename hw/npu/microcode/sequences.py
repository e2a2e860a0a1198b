"""Sequences of instructions that the parts of the microprogram share."""

from __future__ import annotations

from tilewright.hw.npu.microcode.assembler import Assembler, Op, Out, Size
from tilewright.hw.spec.commands import BODY, LENGTH, Opcode

_SIZES = {8: Size.BYTE, 16: Size.HALF}


def field(a: Assembler, opcode: Opcode, name: str) -> None:
    """A = a field of the command at hand."""
    found = next(each for each in BODY[opcode] if each.name == name)
    a(Op.LD, "command")
    a(Op.ADI, 4 * found.word + found.lsb // 8)
    a(Op.READ, _SIZES.get(found.width, Size.WORD))


def add(a: Assembler, register: str, step: int | str) -> None:
    """A = register = register + step, a number or a register."""
    a(Op.LD, register)
    a(*((Op.ADD, step) if isinstance(step, str) else (Op.ADI, step)))
    a(Op.ST, register)


def put(a: Assembler, target: Out | str, value: int | str) -> None:
    """A = port or register = value, a number or a register."""
    a(*((Op.LD, value) if isinstance(value, str) else (Op.LDI, value)))
    a(*((Op.ST, target) if isinstance(target, str) else (Op.OUT, target)))


def next_command(a: Assembler, opcode: Opcode) -> None:
    """On to the next command."""
    add(a, "command", 4 * LENGTH[opcode])
    a(Op.JMP, "fetch")
