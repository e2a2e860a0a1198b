"""A hart that runs RV32IM machine code and knows no cycles: what the simulator must equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from tilewright.hw.spec.registers import MEMORY_BASE

_MASK = 0xFFFF_FFFF
_SIGN = 0x8000_0000
_MOST_INSTRUCTIONS = 100_000_000

Operation = Callable[[], int | None]
"""Of an instruction: does it, and returns where to go on if not behind it."""


def _signed(value: int) -> int:
    return value - ((value & _SIGN) << 1)


def _divide(a: int, b: int) -> int:
    """Towards zero, as hardware does; by zero: -1."""
    if b == 0:
        return -1
    quotient = abs(a) // abs(b)
    return -quotient if (a < 0) != (b < 0) else quotient


_ALU: dict[int, Callable[[int, int], int]] = {
    0: lambda a, b: a + b,
    1: lambda a, b: a << (b & 31),
    2: lambda a, b: _signed(a) < _signed(b),
    3: lambda a, b: a < b,
    4: lambda a, b: a ^ b,
    5: lambda a, b: a >> (b & 31),
    6: lambda a, b: a | b,
    7: lambda a, b: a & b,
}
_SUBTRACT: Callable[[int, int], int] = lambda a, b: a - b  # noqa: E731
_SHIFT_SIGNED: Callable[[int, int], int] = lambda a, b: _signed(a) >> (b & 31)  # noqa: E731
_MULTIPLY: dict[int, Callable[[int, int], int]] = {
    0: lambda a, b: a * b,
    1: lambda a, b: _signed(a) * _signed(b) >> 32,
    2: lambda a, b: _signed(a) * b >> 32,
    3: lambda a, b: a * b >> 32,
    4: lambda a, b: _divide(_signed(a), _signed(b)),
    5: lambda a, b: a // b if b else -1,
    6: lambda a, b: _signed(a) - _signed(b) * _divide(_signed(a), _signed(b)) if b else a,
    7: lambda a, b: a % b if b else a,
}
_BRANCH: dict[int, Callable[[int, int], bool]] = {
    0: lambda a, b: a == b,
    1: lambda a, b: a != b,
    4: lambda a, b: _signed(a) < _signed(b),
    5: lambda a, b: _signed(a) >= _signed(b),
    6: lambda a, b: a < b,
    7: lambda a, b: a >= b,
}


class Machine:
    """Memory from MEMORY_BASE on, and what a subclass makes of everything else.

    Attributes
    ----------
    stopped: set by a subclass to end `run`.
    """

    def __init__(self, image: bytes, size: int) -> None:
        self.memory = bytearray(image.ljust(size, b"\0"))
        self.stopped = False
        self._x = [0] * 32
        self._csr: dict[int, int] = {}
        self._operations: dict[int, Operation] = {}

    def load(self, pc: int, address: int, size: int) -> int:
        """``size`` bytes in memory."""
        begin = address - MEMORY_BASE
        return int.from_bytes(self.memory[begin : begin + size], "little")

    def store(self, address: int, size: int, value: int) -> None:
        """The lowest ``size`` bytes of ``value`` to memory."""
        begin = address - MEMORY_BASE
        kept = value & (1 << 8 * size) - 1
        self.memory[begin : begin + size] = kept.to_bytes(size, "little")

    def run(self) -> None:
        """From reset on. Fails when it takes too long or meets other code."""
        pc = MEMORY_BASE
        for _ in range(_MOST_INSTRUCTIONS):
            operation = self._operations.get(pc)
            if operation is None:
                operation = self._operations[pc] = self._decoded(pc)
            pc = operation() or pc + 4
            if self.stopped:
                return
        raise AssertionError(f"no end; after {_MOST_INSTRUCTIONS} instructions it is at {pc:#x}")

    def _put(self, register: int, value: int) -> None:
        if register:
            self._x[register] = value & _MASK

    def _decoded(self, pc: int) -> Operation:
        begin = pc - MEMORY_BASE
        word = int.from_bytes(self.memory[begin : begin + 4], "little")
        decode = self._DECODE.get(word & 127)
        if decode is None:
            raise AssertionError(f"{word:#010x} at {pc:#x} is no instruction of RV32IM")
        return decode(self, pc, word)

    def _upper(self, pc: int, word: int) -> Operation:
        value = (word & ~0xFFF) + (pc if word & 127 == 0x17 else 0)
        return lambda: self._put(word >> 7 & 31, value)

    def _jump(self, pc: int, word: int) -> Operation:
        offset = (word >> 21 & 0x3FF) << 1 | (word >> 20 & 1) << 11 | (word & 0xF_F000)
        target = (pc + offset - (word >> 31 << 20)) & _MASK

        def jump() -> int:
            self._put(word >> 7 & 31, pc + 4)
            return target

        return jump

    def _jump_register(self, pc: int, word: int) -> Operation:
        offset = _signed(word) >> 20

        def jump() -> int:
            target = (self._x[word >> 15 & 31] + offset) & _MASK & ~1
            self._put(word >> 7 & 31, pc + 4)
            return target

        return jump

    def _branch(self, pc: int, word: int) -> Operation:
        offset = (word >> 8 & 15) << 1 | (word >> 25 & 63) << 5 | (word >> 7 & 1) << 11
        target = pc + offset - (word >> 31 << 12)
        x, a, b, test = self._x, word >> 15 & 31, word >> 20 & 31, _BRANCH[word >> 12 & 7]
        return lambda: target if test(x[a], x[b]) else None

    def _load(self, pc: int, word: int) -> Operation:
        x, base, offset, kind = self._x, word >> 15 & 31, _signed(word) >> 20, word >> 12 & 7
        size = 1 << (kind & 3)
        sign = 0 if kind & 4 else 1 << (8 * size - 1)

        def load() -> None:
            value = self.load(pc, (x[base] + offset) & _MASK, size)
            self._put(word >> 7 & 31, value - ((value & sign) << 1))

        return load

    def _store(self, pc: int, word: int) -> Operation:
        x, base, source = self._x, word >> 15 & 31, word >> 20 & 31
        offset = (_signed(word) >> 25 << 5) + (word >> 7 & 31)
        size = 1 << (word >> 12 & 3)
        return lambda: self.store((x[base] + offset) & _MASK, size, x[source])

    def _immediate(self, pc: int, word: int) -> Operation:
        kind, constant = word >> 12 & 7, (_signed(word) >> 20) & _MASK
        x, target, a = self._x, word >> 7 & 31, word >> 15 & 31
        compute = _SHIFT_SIGNED if kind == 5 and word >> 30 & 1 else _ALU[kind]
        return lambda: self._put(target, compute(x[a], constant))

    def _registers(self, pc: int, word: int) -> Operation:
        kind, group = word >> 12 & 7, word >> 25
        x, target, a, b = self._x, word >> 7 & 31, word >> 15 & 31, word >> 20 & 31
        compute = (_MULTIPLY if group == 1 else _ALU)[kind]
        if group == 0x20:
            compute = _SHIFT_SIGNED if kind == 5 else _SUBTRACT
        return lambda: self._put(target, compute(x[a], x[b]))

    def _fence(self, pc: int, word: int) -> Operation:
        return lambda: None

    def _system(self, pc: int, word: int) -> Operation:
        kind, number = word >> 12 & 7, word >> 20
        source = word >> 15 & 31

        def access() -> None:
            old = self._csr.get(number, 0)
            value = source if kind & 4 else self._x[source]
            changed = {1: value, 2: old | value, 3: old & ~value}[kind & 3]
            self._csr[number] = changed & _MASK
            self._put(word >> 7 & 31, old)

        return access

    _DECODE: ClassVar[Mapping[int, Callable[[Machine, int, int], Operation]]] = {
        0x37: _upper,
        0x17: _upper,
        0x6F: _jump,
        0x67: _jump_register,
        0x63: _branch,
        0x03: _load,
        0x23: _store,
        0x13: _immediate,
        0x33: _registers,
        0x0F: _fence,
        0x73: _system,
    }
