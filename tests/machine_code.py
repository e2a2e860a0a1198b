"""Machine code of RV32IM: single instructions, and random programs that end by themselves."""

from collections.abc import Sequence

import numpy as np

from tilewright.hw.spec.registers import FINISHER, MEMORY_BASE, TIMER

DATA = MEMORY_BASE + 0x8000
STAMPS = MEMORY_BASE + 0x10000
"""Of a random program: time stamps, then all registers."""

_ZERO, _LINK = 0, 1
_NEAR, _FAR, _PAST = 8, 9, 18
"""Registers with addresses of data: two that share lines of a cache, one of data past the cache."""
_JUMP, _COUNT, _STAMPS, _TIMER = 27, 28, 30, 31
_DATA = (5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17)


def alu(kind: int, rd: int, a: int, b: int, group: int = 0) -> int:
    """Of two registers; ``group`` 1 multiplies and divides, 0x20 subtracts and shifts signed."""
    return group << 25 | b << 20 | a << 15 | kind << 12 | rd << 7 | 0x33


def immediate(kind: int, rd: int, a: int, value: int, opcode: int = 0x13) -> int:
    return (value & 0xFFF) << 20 | a << 15 | kind << 12 | rd << 7 | opcode


def load(kind: int, rd: int, base: int, offset: int) -> int:
    return immediate(kind, rd, base, offset, 0x03)


def store(kind: int, source: int, base: int, offset: int = 0) -> int:
    upper, lower = offset >> 5 & 127, offset & 31
    return upper << 25 | source << 20 | base << 15 | kind << 12 | lower << 7 | 0x23


def branch(kind: int, a: int, b: int, offset: int) -> int:
    high = (offset >> 12 & 1) << 31 | (offset >> 5 & 63) << 25
    low = (offset >> 1 & 15) << 8 | (offset >> 11 & 1) << 7
    return high | b << 20 | a << 15 | kind << 12 | low | 0x63


def jump(rd: int, offset: int) -> int:
    bits = (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3FF) << 21 | (offset >> 11 & 1) << 20
    return bits | (offset >> 12 & 0xFF) << 12 | rd << 7 | 0x6F


def jump_register(rd: int, base: int, offset: int) -> int:
    return immediate(0, rd, base, offset, 0x67)


def constant(rd: int, value: int) -> list[int]:
    """lui and addi."""
    low = (value & 0xFFF) - ((value & 0x800) << 1)
    return [((value - low) & 0xFFFF_F000) | rd << 7 | 0x37, immediate(0, rd, rd, low)]


def stamp(place: int) -> list[int]:
    """Read the clock, and store it as the time stamp of that number."""
    return [load(2, _DATA[0], _TIMER, 0), store(2, _DATA[0], _STAMPS, 4 * place)]


def begin() -> list[int]:
    """What `stamp` needs."""
    clock = TIMER.base + TIMER.register("CYCLES").offset
    return [*constant(_STAMPS, STAMPS), *constant(_TIMER, clock)]


def end(stamps: int) -> list[int]:
    """Store all registers behind the stamps, and end the run."""
    registers = [store(2, number, _STAMPS, 4 * (stamps + number)) for number in range(32)]
    exits = FINISHER.base + FINISHER.register("EXIT").offset
    return [*registers, *constant(_DATA[0], exits), store(2, _ZERO, _DATA[0]), jump(0, 0)]


def image(code: Sequence[int]) -> bytes:
    return np.array(code, dtype="<u4").tobytes()


class RandomProgram:
    """Straight stretches, loops, branches and jumps over seeded data; more than caches hold.

    ``code``: its words. ``stamps``: how many time stamps it takes, of `STAMPS`. ``memory``: the
    bytes from MEMORY_BASE on, data included.
    """

    BLOCKS = 60

    def __init__(self, seed: int, *, data_cache: bool) -> None:
        self._rng = np.random.default_rng(seed)
        self._data_cache = data_cache
        self.code = begin()
        for register, address in (
            (_NEAR, DATA),
            (_FAR, DATA + 4096),
            (_PAST, DATA + 8192 | 1 << 31),
        ):
            self.code += constant(register, address)
        for register in _DATA:
            self.code += constant(register, int(self._rng.integers(1 << 32)))
        kinds = (self._straight, self._loop, self._branch, self._jumps, self._system)
        self.stamps = self.BLOCKS
        for block in range(self.BLOCKS):
            self.code += kinds[self._rng.choice(len(kinds), p=(0.35, 0.25, 0.2, 0.12, 0.08))]()
            self.code += stamp(block)
        self.code += end(self.stamps)
        data = self._rng.integers(0, 256, 12288, dtype=np.uint8).tobytes()
        self.memory = image(self.code).ljust(DATA - MEMORY_BASE, b"\0") + data

    @property
    def results(self) -> tuple[int, int]:
        """(address, bytes) of what it leaves: stamps, registers."""
        return STAMPS, 4 * (self.stamps + 32)

    def _pick(self, *choices: int) -> int:
        return int(self._rng.choice(choices))

    def _operation(self) -> int:
        rd, a, b = (self._pick(*_DATA) for _ in range(3))
        kind = int(self._rng.integers(8))
        match self._rng.choice(6, p=(0.2, 0.2, 0.15, 0.25, 0.15, 0.05)):
            case 0:
                signed = kind in (0, 5) and self._rng.random() < 0.5
                return alu(kind, rd, a, b, 0x20 if signed else 0)
            case 1:
                shifts = {1: 0, 5: self._pick(0, 0x400)}
                value = int(self._rng.integers(-2048, 2048))
                if kind in shifts:
                    value = shifts[kind] | int(self._rng.integers(32))
                return immediate(kind, rd, a, value)
            case 2:
                return alu(int(self._rng.integers(4)), rd, a, b, 1)
            case 3:
                kind = self._pick(0, 1, 2, 4, 5)
                return load(kind, rd, self._base(), self._offset(kind & 3))
            case 4:
                kind = self._pick(0, 1, 2)
                return store(kind, a, self._base(), self._offset(kind))
            case _:
                return alu(4 + kind % 4, rd, a, b, 1)

    def _base(self) -> int:
        return int(self._rng.choice((_NEAR, _FAR, _PAST), p=(0.6, 0.35, 0.05)))

    def _offset(self, size: int) -> int:
        """Often in a few lines."""
        most = 64 if self._rng.random() < 0.6 else 2048
        return int(self._rng.integers(most) >> size << size)

    def _straight(self) -> list[int]:
        return [self._operation() for _ in range(int(self._rng.integers(5, 40)))]

    def _loop(self) -> list[int]:
        body = [self._operation() for _ in range(int(self._rng.integers(1, 9)))]
        if self._rng.random() < 0.5:
            body = self._branch(int(self._rng.integers(1, 4))) + body
        count = immediate(0, _COUNT, 0, int(self._rng.integers(1, 12)))
        back = branch(1, _COUNT, 0, -4 * (len(body) + 1))
        return [count, *body, immediate(0, _COUNT, _COUNT, -1), back]

    def _branch(self, length: int = 6) -> list[int]:
        """Over a few instructions, or not."""
        skipped = [self._operation() for _ in range(length)]
        kind = self._pick(0, 1, 4, 5, 6, 7)
        test = branch(kind, self._pick(*_DATA), self._pick(*_DATA), 4 * (length + 1))
        return [test, *skipped, *(self._operation() for _ in range(2))]

    def _jumps(self) -> list[int]:
        """Over instructions, or the empty words that a linker fills up with, and there and back."""
        length = int(self._rng.integers(1, 12))
        empty = self._rng.random() < 0.4
        skipped = [0 if empty else self._operation() for _ in range(length)]
        over = jump(_LINK, 4 * (len(skipped) + 1))
        here = 0x17 | _JUMP << 7  # auipc
        far = [here, jump_register(_LINK, _JUMP, 4 * (len(skipped) + 2)), *skipped]
        uses_link = alu(0, self._pick(*_DATA), _LINK, _ZERO)
        return [over, *skipped, uses_link, *far, uses_link, uses_link]

    def _system(self) -> list[int]:
        """CSRs, fences, emptying the data cache."""
        mask = 0xBC0
        choices = [
            immediate(2, self._pick(*_DATA), 0, mask, 0x73),
            immediate(1, self._pick(*_DATA), 0, mask, 0x73),
            immediate(5, 0, 0, mask, 0x73),
            0x0000000F,
            *([0x0000500F] if self._data_cache else []),
        ]
        chosen = int(self._rng.choice(choices))
        return [self._operation(), chosen, self._operation()]
