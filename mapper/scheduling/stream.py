"""One command stream in the making: it finds each command's wait count from the bytes touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tilewright.hw.spec.commands import COMPUTE_OPCODES, Command, Opcode
from tilewright.mapper.memory import Span
from tilewright.mapper.works.weights import WeightUse
from tilewright.mapper.works.work import Emitted

Item = Command | WeightUse


def _touch(some: Sequence[Span], others: Sequence[Span]) -> bool:
    """Whether a span of the one and a span of the other share a byte."""
    for first, end in some:
        for other_first, other_end in others:
            start = first if first > other_first else other_first
            if start < end and start < other_end:
                return True
    return False


class _Access(NamedTuple):
    reads: tuple[Span, ...]
    writes: tuple[Span, ...]

    def conflicts(self, other: _Access) -> bool:
        return (
            _touch(self.writes, other.reads)
            or _touch(self.writes, other.writes)
            or _touch(self.reads, other.writes)
        )


class CommandStream:
    """Commands in order. Transfers and computes run side by side, each kind in order.

    A command waits for the last one of the other kind whose scratchpad bytes conflict with its
    own; what that one had waited for needs no further wait.
    """

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._transfers: list[_Access] = []
        self._computes: list[_Access] = []
        self._waited_transfers = 0
        self._waited_computes = 0

    def weights(self, use: WeightUse) -> None:
        """Send weights from here on."""
        self.items.append(use)

    def compute(self, emitted: Emitted) -> None:
        """A command of the compute queue."""
        assert emitted.command.opcode in COMPUTE_OPCODES
        access = _Access(emitted.reads, emitted.writes)
        self._waited_transfers = _last_conflict(access, self._transfers, self._waited_transfers)
        command = emitted.command
        self.items.append(Command(command.opcode, command.values, self._waited_transfers))
        self._computes.append(access)

    def mark(self, layer: int) -> None:
        """The end of a layer."""
        self.compute(Emitted(Command(Opcode.MARK, {"layer": layer}), (), ()))

    def transfer(self, command: Command, scratchpad: Span) -> None:
        """A LOAD or STORE."""
        spans = (scratchpad,)
        access = _Access((), spans) if command.opcode is Opcode.LOAD else _Access(spans, ())
        self._waited_computes = _last_conflict(access, self._computes, self._waited_computes)
        self.items.append(Command(command.opcode, command.values, self._waited_computes))
        self._transfers.append(access)

    def end(self) -> None:
        """Close the stream."""
        self.items.append(Command(Opcode.END, {}))


def _last_conflict(access: _Access, others: Sequence[_Access], known: int) -> int:
    """How many of the others must have completed: up to the last that conflicts."""
    for index in range(len(others) - 1, known - 1, -1):
        if access.conflicts(others[index]):
            return index + 1
    return known
