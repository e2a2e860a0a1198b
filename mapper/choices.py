"""The tilings that a work may take, with their staging areas and costs, each worked out once.

The planner of the scratchpad (`mapper.residency`) asks again and again with other room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hw.spec.config import NpuConfig
from mapper.memory import align
from mapper.tile import (
    Tiling,
    commands_cost,
    operand_bytes,
    output_extent,
    staging_bytes,
    tilings,
)
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


@dataclass
class _Group:
    """Tilings of equal preference; ``sizes`` of one copy of their staging areas.

    ``ranked``: cost and index of those whose staging areas the scratchpad could hold, cheapest
    first, as soon as somebody has asked.
    """

    tilings: list[Tiling]
    sizes: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    ranked: list[tuple[float, int]] | None = None


class Choices:
    """The tilings of a work; ``staged`` tells for each operand whether it is in main memory."""

    def __init__(self, work: Work, staged: tuple[bool, ...], config: NpuConfig) -> None:
        self._work, self.staged, self._config = work, staged, config
        self._more = tilings(work, config, staged)
        self._groups: list[_Group] = []
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

    def choose(self, fits: Fits) -> Choice | None:
        """The cheapest tiling whose staging areas fit; None when none do."""
        if not any(self.staged):
            return self._without_staging()
        for group in self._all_groups():
            for cost, index in self._ranked(group):
                tiling, sizes = group.tilings[index], self._sizes(group, index)
                addresses = fits(sizes * tiling.copies)
                if addresses is not None:
                    return Choice(tiling, addresses, sizes, cost)
        return None

    def _without_staging(self) -> Choice:
        if self._whole is None:
            first = next(self._all_groups()).tilings[0]
            none = (0,) * len(self.staged)
            self._whole = Choice(first, none, none, self._cost(first))
        return self._whole

    def _all_groups(self) -> Iterator[_Group]:
        yield from self._groups
        for more in self._more:
            self._groups.append(_Group(more))
            yield self._groups[-1]

    def _sizes(self, group: _Group, index: int) -> tuple[int, ...]:
        while len(group.sizes) <= index:
            tiling = group.tilings[len(group.sizes)]
            group.sizes.append(staging_bytes(self._work, tiling, self.staged))
        return group.sizes[index]

    def _search(self, limit: int) -> int:
        smallest = None
        port = self._config.port_bytes
        for group in self._all_groups():
            for index, tiling in enumerate(group.tilings):
                sizes = self._sizes(group, index)
                size = tiling.copies * sum(align(part, port) for part in sizes)
                if size <= limit:
                    return size
                smallest = size if smallest is None else min(smallest, size)
        assert smallest is not None
        return smallest

    def _ranked(self, group: _Group) -> list[tuple[float, int]]:
        if group.ranked is None:
            capacity = self._config.scratchpad_bytes
            group.ranked = sorted(
                (self._cost(tiling), index)
                for index, tiling in enumerate(group.tilings)
                if tiling.copies * sum(self._sizes(group, index)) <= capacity
            )
        return group.ranked

    def _cost(self, tiling: Tiling) -> float:
        """Cycles of the work under a tiling, with what crosses the bus weighed in.

        The cycles of the commands hold the time that their weights take on the bus.
        """
        key = tiling[:3]
        commands = self._commands.get(key)
        if commands is None:
            commands = commands_cost(self._work, tiling, self._config)
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
