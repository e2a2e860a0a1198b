"""Evaluates a program over recorded cycles, checks it against them, and counts."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.gates.evaluation.library import BLOCK, evaluator_library
from tilewright.verification.gates.evaluation.program import Program

Counts = npt.NDArray[np.uint64]


@dataclass
class Activity:
    """What happened in a stretch of cycles.

    Attributes
    ----------
    cycles: how many.
    transitions: of each slot, at the cycles' begins; each at most once a cycle, which leaves out
        what nets do before they settle.
    high: of each slot, cycles in which it is one.
    pulses: [registers, 8]: cycles by data and state (neither, state alone, data alone, both):
        those at whose end the register is clocked (0 to 3), and at whose begin it was (4 to 7).
    """

    transitions: Counts
    high: Counts
    pulses: Counts
    cycles: int = 0

    @staticmethod
    def empty(program: Program) -> Activity:
        """Of no cycles."""
        return Activity(
            np.zeros(program.slots, np.uint64),
            np.zeros(program.slots, np.uint64),
            np.zeros((len(program.registers), 8), np.uint64),
        )


@dataclass(frozen=True)
class Layout:
    """Where signals lie in a recorded row: offset of each in bytes, and the row's length."""

    offsets: Sequence[int]
    row_bytes: int


class MismatchError(Exception):
    """A register holds something else than it took: its number in the program, and the cycle."""

    def __init__(self, register: int, cycle: int) -> None:
        super().__init__(f"register {register} in cycle {cycle}")
        self.register = register
        self.cycle = cycle


class Evaluator:
    """A program on its way through recorded cycles, in order and without gaps.

    Parameters
    ----------
    program, layout: what is evaluated, and how it was recorded.
    warm_up: first cycles that are not checked: what the RTL has no name for is not known at once.
    """

    def __init__(self, program: Program, layout: Layout, warm_up: int = 0) -> None:
        self.program = program
        self.layout = layout
        self.warm_up = warm_up
        self.cycle = 0
        self._begin = 0
        self._library = evaluator_library()
        recorded = program.recorded.copy()
        if len(recorded):
            offsets = np.asarray(layout.offsets, np.int32)
            recorded[:, 1] = offsets[recorded[:, 1]] + recorded[:, 2] // 8
            recorded[:, 2] %= 8
        # The evaluator reads these as long as it lives.
        self._tables = [
            np.ascontiguousarray(table)
            for table in (program.operations, recorded, program.registers)
        ]
        ends = [part for table in self._tables for part in (len(table), table.ctypes.data)]
        self._handle = self._library.evaluator_new(program.slots, *ends, layout.row_bytes)
        if not self._handle:
            raise TilewrightError("not enough memory to evaluate the netlist")

    def close(self) -> None:
        """Free its memory."""
        if self._handle:
            self._library.evaluator_free(self._handle)
            self._handle = None

    def run(self, rows: npt.NDArray[np.uint8]) -> None:
        """Evaluate the next cycles, at most BLOCK: [cycles, bytes of a row].

        Raises MismatchError where a register holds something else than it took.
        """
        cycles = len(rows)
        if not 0 < cycles <= BLOCK or rows.shape[1:] != (self.layout.row_bytes,):
            raise ValueError(f"rows of shape {rows.shape}")
        where = ctypes.c_int64()
        rows = np.ascontiguousarray(rows)
        begin = max(self.warm_up - self.cycle, 0)
        wrong = self._library.evaluator_run(
            self._handle, rows.ctypes.data, cycles, begin, ctypes.byref(where)
        )
        if wrong >= 0:
            raise MismatchError(wrong, self.cycle + where.value)
        self._begin = self.cycle
        self.cycle += cycles

    def count(self, first: int, last: int, activity: Activity) -> None:
        """Add what happened from cycle ``first`` to before ``last``, as far as in the last run."""
        first, last = max(first, self._begin), min(last, self.cycle)
        if first >= last:
            return
        addresses = (
            part.ctypes.data for part in (activity.transitions, activity.high, activity.pulses)
        )
        self._library.evaluator_count(
            self._handle, first - self._begin, last - self._begin, self.program.slots, *addresses
        )
        activity.cycles += last - first
