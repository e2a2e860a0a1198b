"""The microcode's assembler: encoding, delays that it puts in, and what it refuses."""

import pytest

from tilewright.hw.npu.microcode.assembler import INDEXED, Assembler, Op, Out
from tilewright.hw.npu.microcode.program import microprogram
from tilewright.hw.spec.npu_config import NpuConfig


def operations(assembler: Assembler) -> list[Op]:
    return [Op(word >> 11) for word in assembler.words()]


def test_words() -> None:
    a = Assembler()
    a.label("begin")
    a(Op.LDI, -3)
    a(Op.ADI, 1023)
    a(Op.JNZ, "end")
    a(Op.JMP, "begin")
    a.label("end")
    a(Op.END)
    assert a.words() == [4 << 11 | 0x7FD, 5 << 11 | 1023, 17 << 11 | 4, 15 << 11, 2 << 11]


def test_a_register_is_not_read_right_behind_its_write() -> None:
    a = Assembler()
    a(Op.ST, "x")
    a(Op.ADD, "x")
    a(Op.ST, "x")
    a(Op.ADD, "y")
    a(Op.SUB, "x")
    assert operations(a) == [Op.ST, Op.NOP, Op.ADD, Op.ST, Op.ADD, Op.SUB]


def test_an_index_is_not_used_right_behind_its_change() -> None:
    a = Assembler()
    for before, argument in ((Op.NEXT, 0), (Op.OUT, Out.INDEX), (Op.OUT, Out.DATA)):
        a(before, argument)
        a(Op.LD, 64 | INDEXED)
    assert operations(a) == [Op.NEXT, Op.NOP, Op.LD, Op.OUT, Op.NOP, Op.LD, Op.OUT, Op.LD]


def test_refusals() -> None:
    a = Assembler()
    a.label("here")
    with pytest.raises(ValueError, match="here is there twice"):
        a.label("here")
    a(Op.LDI, 1024)
    with pytest.raises(ValueError, match="LDI 1024: the argument has 11 bits"):
        a.words()
    with pytest.raises(ValueError, match="there is room for 512"):
        Assembler([(Op.NOP, 0)] * 513).words()


def test_the_program_fits_its_rom() -> None:
    words = microprogram(NpuConfig(control="microcode", rows=4, cols=31, bus_bytes=4))
    assert len(words) <= 512
    assert max(words) < 1 << 16
