"""Whether a stream's wait counts keep transfers and compute commands out of each other's way.

Both queues run side by side. A command may touch scratchpad bytes that a command of the other
queue writes, or write what that one reads, only if one of them is known to have ended before.
"""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.hw.spec.commands import COMPUTE_OPCODES, TRANSFER_OPCODES, WAIT_BITS, Command
from tilewright.hw.spec.errors import CheckError

Span = tuple[int, int]


@dataclass(frozen=True)
class Access:
    """Scratchpad bytes (first, behind the last) that a command reads and writes."""

    reads: tuple[Span, ...] = ()
    writes: tuple[Span, ...] = ()


class HazardCheck:
    """Takes the commands of one stream in order."""

    def __init__(self) -> None:
        self._transfers: list[Access] = []
        self._computes: list[Access] = []
        self._ended_transfers = 0
        self._ended_computes = 0

    def check(self, command: Command, access: Access) -> None:
        """Raise CheckError when the command may run beside one that it conflicts with."""
        if command.opcode in COMPUTE_OPCODES:
            ended = _waited(command, len(self._transfers))
            self._ended_transfers = max(self._ended_transfers, ended)
            _check(access, self._transfers, self._ended_transfers, "transfer")
            self._computes.append(access)
        elif command.opcode in TRANSFER_OPCODES:
            ended = _waited(command, len(self._computes))
            self._ended_computes = max(self._ended_computes, ended)
            _check(access, self._computes, self._ended_computes, "compute command")
            self._transfers.append(access)


def _waited(command: Command, issued: int) -> int:
    """The completions that a wait count stands for, given how many commands could complete."""
    behind = (issued - command.wait) % (1 << WAIT_BITS)
    if behind > issued or behind >= 1 << (WAIT_BITS - 1):
        raise CheckError(f"waits for completion {command.wait}, but only {issued} come before it")
    return issued - behind


def _check(access: Access, others: list[Access], ended: int, what: str) -> None:
    for index in range(ended, len(others)):
        other = others[index]
        pairs = (
            (access.writes, other.reads),
            (access.writes, other.writes),
            (access.reads, other.writes),
        )
        for some, those in pairs:
            for a in some:
                for b in those:
                    if max(a[0], b[0]) < min(a[1], b[1]):
                        raise CheckError(
                            f"touches bytes {max(a[0], b[0])}..{min(a[1], b[1]) - 1} of the "
                            f"scratchpad, for which it does not wait for {what} {index}"
                        )
