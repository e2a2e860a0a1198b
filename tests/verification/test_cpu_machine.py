"""The hart that runs firmware for `verification.cpu_costs`, against results by hand."""

import pytest

from hw.spec.errors import TilewrightError
from hw.spec.registers import MEMORY_BASE
from verification.cpu_machine import Machine

OUT = MEMORY_BASE + 0x100
A, B, RESULT, POINTER = 5, 6, 7, 8
"""Registers."""


def register(function, funct7, kind):
    return funct7 << 25 | B << 20 | A << 15 | kind << 12 | RESULT << 7 | function


def immediate(opcode, kind, target, source, value):
    return (value & 0xFFF) << 20 | source << 15 | kind << 12 | target << 7 | opcode


def load_constant(target, value):
    """lui and addi."""
    low = (value & 0xFFF) - ((value & 0x800) << 1)
    return [((value - low) & 0xFFFF_F000) | target << 7 | 0x37,
            immediate(0x13, 0, target, target, low)]  # fmt: skip


def store(source, kind=2):
    """To where POINTER shows."""
    return source << 20 | POINTER << 15 | kind << 12 | 0x23


class Stopping(Machine):
    """Stops at a store to 0."""

    def store(self, address, size, value):
        if address == 0:
            self.stopped = True
        else:
            super().store(address, size, value)


def run(*instructions):
    """Word at OUT after these, with POINTER at OUT."""
    code = [*load_constant(POINTER, OUT), *instructions, *load_constant(POINTER, 0), store(0)]
    machine = Stopping(b"".join(word.to_bytes(4, "little") for word in code), 0x200)
    machine.run()
    return int.from_bytes(machine.memory[0x100:0x104], "little")


@pytest.mark.parametrize(
    ("funct7", "kind", "a", "b", "expected"),
    [
        (0, 0, 7, -9, -2),
        (0x20, 0, 7, 9, -2),
        (0, 1, 3, 33, 6),
        (0, 2, -1, 1, 1),
        (0, 3, -1, 1, 0),
        (0, 4, 0b1100, 0b1010, 0b0110),
        (0, 5, -16, 2, 0x3FFF_FFFC),
        (0x20, 5, -16, 2, -4),
        (0, 6, 0b1100, 0b1010, 0b1110),
        (0, 7, 0b1100, 0b1010, 0b1000),
        (1, 0, -3, 5, -15),
        (1, 1, -(1 << 31), 6, -3),
        (1, 2, -1, -1, -1),
        (1, 3, -1, -1, -2),
        (1, 4, -7, 2, -3),
        (1, 4, 7, 0, -1),
        (1, 5, -7, 2, 0x7FFF_FFFC),
        (1, 6, -7, 2, -1),
        (1, 7, -7, 4, 1),
    ],
)
def test_arithmetic(funct7, kind, a, b, expected):
    code = [*load_constant(A, a & 0xFFFF_FFFF), *load_constant(B, b & 0xFFFF_FFFF)]
    assert run(*code, register(0x33, funct7, kind), store(RESULT)) == expected & 0xFFFF_FFFF


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(0, 0xFFFF_FF85), (1, 0xFFFF_8485), (2, 0x8283_8485), (4, 0x85), (5, 0x8485)],
)
def test_loads(kind, expected):
    code = [*load_constant(A, 0x8283_8485), store(A), immediate(0x03, kind, RESULT, POINTER, 0)]
    assert run(*code, store(RESULT)) == expected


def test_branches_back():
    """3 + 2 + 1."""
    add = A << 20 | RESULT << 15 | RESULT << 7 | 0x33
    back = 1 << 31 | 0x3F << 25 | A << 15 | 1 << 12 | 0b1100 << 8 | 1 << 7 | 0x63  # by 8, if not 0
    start = [*load_constant(A, 3), *load_constant(RESULT, 0)]
    assert run(*start, add, immediate(0x13, 0, A, A, -1), back, store(RESULT)) == 6


def test_what_is_no_instruction_is_refused():
    with pytest.raises(TilewrightError, match="no instruction of RV32IM"):
        run(0xFFFF_FFFF)
