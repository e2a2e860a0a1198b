"""The tilings that a work may take, with their staging areas and costs, each worked out once.

The planner of the scratchpad (`mapper.residency`) asks again and again with other room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hw.spec.config import NpuConfig
from mapper.array import array_of
from mapper.memory import align
from mapper.tile import (
    Tiling,
    commands_cost,
    operand_bytes,
    output_extent,
    staging_bytes,
)
from mapper.tilings import Group, tilings
from mapper.work import Work

Fits = Callable[[Sequence[int]], list[int] | None]
"""Addresses for staging areas of these sizes, or None."""


class Choice(NamedTuple):
    """A tiling, the address of each staging area, the sizes of one copy of them, and the cost.

    Addresses come copy by copy: all operands of the first, then of the second.
    """

    tiling: Tiling
    addresses: Sequence[int]
    sizes: tuple[int, ...]
    cost: float


class Choices:
    """The tilings of a work; ``staged`` tells for each operand whether it is in main memory."""

    def __init__(self, work: Work, staged: tuple[bool, ...], config: NpuConfig) -> None:
        self._work, self.staged, self._config = work, staged, config
        self._array = array_of(config)
        self._groups = tilings(work, config, staged)
        self._sizes: dict[tuple[int, int, int], tuple[int, ...]] = {}
        self._commands: dict[tuple[int, int, int], tuple[int, int]] = {}
        self._operands: dict[tuple[int, int], int] = {}
        self._least: dict[int, int] = {}
        self._whole: Choice | None = None

    def least_staging(self, limit: int) -> int:
        """Bytes of staging for the largest tiling within ``limit``, or of the smallest of all."""
        found = self._least.get(limit)
        if found is None:
            found = self._least[limit] = self._search(limit)
        return found

    def choose(self, fits: Fits, room: int) -> Choice | None:
        """The cheapest tiling whose staging areas fit; None when none do.

        Areas of more than ``room`` bytes together fit in no way.
        """
        if not any(self.staged):
            return self._without_staging()
        for group in self._groups:
            for cost, _, tiling in sorted(self._within(group, room)):
                sizes = self._staging(*tiling[:3])
                addresses = fits(sizes * tiling.copies)
                if addresses is not None:
                    return Choice(tiling, addresses, sizes, cost)
        return None

    def _without_staging(self) -> Choice:
        if self._whole is None:
            first = next(tiling for group in self._groups for tiling in group)
            none = (0,) * len(self.staged)
            self._whole = Choice(first, none, none, self._cost(first))
        return self._whole

    def _staging(self, rows: int, cols: int, channels: int) -> tuple[int, ...]:
        """Bytes of one copy of the staging areas."""
        key = (rows, cols, channels)
        found = self._sizes.get(key)
        if found is None:
            found = staging_bytes(self._work, Tiling(*key), self.staged)
            self._sizes[key] = found
        return found

    def _bytes(self, rows: int, cols: int, channels: int) -> int:
        return sum(self._staging(rows, cols, channels))

    def _search(self, limit: int) -> int:
        port = self._config.port_bytes

        def needed(rows: int, cols: int, channels: int) -> int:
            return sum(align(size, port) for size in self._staging(rows, cols, channels))

        for group in self._groups:
            tiling = group.first(needed, limit)
            if tiling is not None:
                return needed(*tiling[:3])
        last = self._groups[-1]
        return needed(last.rows[-1], last.cols[-1], last.channels[-1])

    def _within(self, group: Group, room: int) -> list[tuple[float, int, Tiling]]:
        """Cost, position and tiling of those whose staging areas may fit."""
        if group.first(self._bytes, room) is None:
            return []
        return [
            (self._cost(tiling), position, tiling)
            for position, tiling in enumerate(group)
            if tiling.copies * self._bytes(*tiling[:3]) <= room
        ]

    def _cost(self, tiling: Tiling) -> float:
        """Cycles of the work under a tiling, with what crosses the bus weighed in.

        The cycles of the commands hold the time that their weights take on the bus.
        """
        key = tiling[:3]
        commands = self._commands.get(key)
        if commands is None:
            commands = commands_cost(self._work, tiling, self._array)
            self._commands[key] = commands
        compute, weights = commands
        operands = self._moved(tiling) / self._config.bus_bytes
        transfer = operands + weights / self._config.bus_bytes
        if tiling.copies == 1:
            return compute + operands + transfer / 4
        rows, cols, channels = output_extent(self._work)
        count = -(-rows // tiling.rows) * -(-cols // tiling.cols) * -(-channels // tiling.channels)
        return max(compute, transfer) + operands / count + transfer / 4

    def _moved(self, tiling: Tiling) -> int:
        key = tiling[:2]
        moved = self._operands.get(key)
        if moved is None:
            moved = self._operands[key] = operand_bytes(self._work, tiling, self.staged)
        return moved
