"""Instructions of the microcode, and what puts them together.

An instruction has 16 bits: the operation from bit 11 on, below it the argument. There is one
accumulator, ``A``. An instruction reads its register a cycle before it is executed, so that a
register's value, or the index, of the instruction just before would come too late: a `NOP` is put
between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

ARGUMENT_BITS = 11
INSTRUCTION_BITS = 16
TARGET_BITS = 9
INDEXED = 1 << 8
"""Added to a register's number: or the index to it."""


class Op(IntEnum):
    """``r``: register; ``i``: signed number; ``t``: label; ``A``: the accumulator."""

    NOP = 0
    HALT = 1  # wait for the start of a stream
    END = 2  # the stream has ended
    ERROR = 3  # an unknown command
    LDI = 4  # A = i
    ADI = 5  # A += i
    LD = 6  # A = r
    ADD = 7  # A += r
    SUB = 8  # A -= r
    ST = 9  # r = A
    IN = 10  # A = port
    OUT = 11  # port = A
    ALIGN = 12  # A &= ~7
    NEXT = 13  # index += 1
    COUNT = 14  # number of columns = index
    JMP = 15
    JZ = 16  # A == 0
    JNZ = 17  # A != 0
    JN = 18  # A < 0
    JX = 19  # index != number of columns
    READ = 20  # A = bytes at address A, as many as `Size` says
    WEIGHTS = 21  # weight word i = word at address A; does not wait
    PARAMETER = 22  # next byte of the requantiser's parameters = byte at address A; no wait
    MACS = 23  # a chunk of all columns' windows, times the weight words
    SYNC = 24  # wait for all that does not wait
    SCALE = 25  # requantise column index
    PUT = 26  # byte at address A = what the requantiser has made; it goes on to column index
    WRITE = 27  # at address A: see `Write`


class Size(IntEnum):
    """What `Op.READ` takes."""

    BYTE = 0
    HALF = 1
    WORD = 2  # as many bits as the accumulator has


class Write(IntEnum):
    """What `Op.WRITE` puts at its address."""

    BYTE = 0  # port DATA
    WORD = 1  # port DATA, four times
    TIME = 2  # the time stamp's word


class In(IntEnum):
    """Ports that `Op.IN` reads."""

    COMMANDS = 0
    PROFILE = 1
    SCRATCHPAD = 2


class Out(IntEnum):
    """Ports that `Op.OUT` writes."""

    INDEX = 0
    COLUMNS = 1  # number of columns
    ADDRESS = 2  # of column index: scratchpad address of its window
    X = 3  # of column index: byte of the input row
    Y = 4  # of column index: input row
    OFFSET = 5  # from the window's address to the chunk's
    X_OFFSET = 6
    Y_OFFSET = 7
    ROW_BYTES = 8
    ROWS = 9
    PAD = 10
    MODE = 11  # 1: a weight word is of one tap and all rows, byte r for byte r (depthwise)
    FIRST = 12  # the next MACS starts sums
    TAIL = 13  # bytes of the next chunk that count, 0: all
    ROW = 14  # of the array, for the requantiser
    ZERO_POINT = 15
    LOW = 16
    HIGH = 17
    DATA = 18
    PROFILE = 19


_READS = (Op.LD, Op.ADD, Op.SUB)
_JUMPS = (Op.JMP, Op.JZ, Op.JNZ, Op.JN, Op.JX)


@dataclass
class Assembler:
    """Collects instructions; registers are named as they come up.

    Raises ValueError for arguments that don't fit and for labels that are missing or twice there.
    """

    lines: list[tuple[Op, int | str]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    registers: dict[str, int] = field(default_factory=dict)

    def __call__(self, op: Op, argument: int | str = 0) -> None:
        """Append an instruction; ``argument``: a number, a label, or a register's name."""
        if op in (*_READS, Op.ST) and isinstance(argument, str):
            argument = self.register(argument)
        if self.lines and self._too_early(op, argument):
            self.lines.append((Op.NOP, 0))
        self.lines.append((op, argument))

    def register(self, name: str) -> int:
        """A register's number: by its name, the same each time."""
        return self.registers.setdefault(name, len(self.registers))

    def label(self, name: str) -> None:
        """The next instruction's label."""
        if name in self.labels:
            raise ValueError(f"label {name} is there twice")
        self.labels[name] = len(self.lines)

    def words(self) -> list[int]:
        """The instructions' words."""
        if len(self.lines) > 1 << TARGET_BITS:
            raise ValueError(
                f"{len(self.lines)} instructions; there is room for {1 << TARGET_BITS}"
            )
        return [self._word(op, argument) for op, argument in self.lines]

    def _word(self, op: Op, argument: int | str) -> int:
        if op in _JUMPS:
            argument = self.labels[str(argument)]
        assert isinstance(argument, int)
        limit = 1 << (ARGUMENT_BITS - 1)
        if not -limit <= argument < limit:
            raise ValueError(f"{op.name} {argument}: the argument has {ARGUMENT_BITS} bits")
        return op << ARGUMENT_BITS | argument & (1 << ARGUMENT_BITS) - 1

    def _too_early(self, op: Op, argument: int | str) -> bool:
        before, written = self.lines[-1]
        if op not in _READS:
            return False
        assert isinstance(argument, int)
        indexes = before is Op.NEXT or (before is Op.OUT and written == Out.INDEX)
        if argument & INDEXED and indexes:
            return True
        return before is Op.ST and (written == argument or bool(argument & INDEXED))
