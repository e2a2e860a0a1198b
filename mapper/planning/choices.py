"""The tilings that a work may take, with their staging areas and costs, each worked out once.

The planner of the scratchpad (`mapper.planning.residency`) asks again and again with other room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import array_of
from tilewright.mapper.memory import align
from tilewright.mapper.works.geometry import Tiling
from tilewright.mapper.works.tilings import Extents, Group
from tilewright.mapper.works.work import Work

Fits = Callable[[Sequence[int]], list[int] | None]
"""Addresses for staging areas of these sizes, or None."""


class Choice(NamedTuple):
    """A tiling, the address of each area, the sizes of one copy of the staging areas and of those
    that are held throughout, and the cost.

    Addresses come copy by copy: all operands of the first, then of the second, then what is held.
    """

    tiling: Tiling
    addresses: Sequence[int]
    sizes: tuple[int, ...]
    held: tuple[int, ...]
    cost: float


class _Areas(NamedTuple):
    """Sizes of one copy of the staging areas and of what is held; one copy and what is held
    ``aligned`` to ports."""

    sizes: tuple[int, ...]
    held: tuple[int, ...]
    aligned: int

    def bytes(self, copies: int) -> int:
        """All areas together."""
        return copies * sum(self.sizes) + sum(self.held)


_TRANSFER_CYCLES = 20
"""From one LOAD's or STORE's last beat to the next one's first."""


_BUS_WEIGHT = 1 / 16
"""Cycles for each one of the bus, beside what it is waited for."""


class _Price(NamedTuple):
    """Of all tiles of some extents: cycles of the commands, cycles of LOADs and STOREs alone and
    with what weights take of the bus, and how many tiles there are."""

    compute: int
    operands: float
    transfer: float
    tiles: int

    def cost(self, copies: int) -> float:
        """Cycles of the work, with what crosses the bus weighed in.

        The cycles of the commands hold the time that their weights take on the bus.
        """
        if copies == 1:
            return self.compute + self.operands + _BUS_WEIGHT * self.transfer
        overlapped = max(self.compute, self.transfer)
        return overlapped + self.operands / self.tiles + _BUS_WEIGHT * self.transfer


class Choices:
    """The tilings of a work; ``staged`` tells for each operand whether it is in main memory.

    What a work holds throughout, as constants, has areas of its own behind the staging areas.
    """

    def __init__(self, work: Work, staged: tuple[bool, ...], config: NpuConfig) -> None:
        self._work, self.staged, self._config = work, staged, config
        self._array = array_of(config)
        self._groups = work.tilings(config, staged)
        self._areas: dict[Extents, _Areas] = {}
        self._prices: dict[Extents, _Price] = {}
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
        if not any(self.staged) and not self._work.holds:
            return self._without_staging()
        for group in self._groups:
            for cost, _, extents, copies in sorted(self._within(group, room)):
                areas = self._staging(extents)
                addresses = fits(areas.sizes * copies + areas.held)
                if addresses is not None:
                    tiling = Tiling(*extents, copies)
                    return Choice(tiling, addresses, areas.sizes, areas.held, cost)
        return None

    def _without_staging(self) -> Choice:
        if self._whole is None:
            first = next(extents for group in self._groups for extents in group)
            none = (0,) * len(self.staged)
            self._whole = Choice(Tiling(*first), none, none, (), self._price(first).cost(1))
        return self._whole

    def _staging(self, extents: Extents) -> _Areas:
        found = self._areas.get(extents)
        if found is None:
            tiling, port = Tiling(*extents), self._config.port_bytes
            sizes = self._work.staging_bytes(tiling, self.staged)
            held = self._work.held_bytes(tiling)
            aligned = sum(align(size, port) for size in sizes + held)
            found = self._areas[extents] = _Areas(sizes, held, aligned)
        return found

    def _search(self, limit: int) -> int:
        for group in self._groups:
            extents = group.first(lambda extents: self._staging(extents).aligned, limit)
            if extents is not None:
                return self._staging(extents).aligned
        return self._staging(self._groups[-1].least).aligned

    def _within(self, group: Group, room: int) -> list[tuple[float, int, Extents, int]]:
        """Cost, position, extents and copies of those whose staging areas may fit."""
        if self._staging(group.least).bytes(1) > room:
            return []
        return [
            (self._price(extents).cost(copies), 2 * position + copies, extents, copies)
            for position, extents in enumerate(group)
            for copies in group.copies
            if self._staging(extents).bytes(copies) <= room
        ]

    def _price(self, extents: Extents) -> _Price:
        found = self._prices.get(extents)
        if found is None:
            tiling, bus = Tiling(*extents), self._config.bus_bytes
            compute, weights = self._work.price(tiling, self._array)
            rows, cols, channels = self._work.extent
            tiles = -(-rows // tiling.rows) * -(-cols // tiling.cols)
            tiles *= -(-channels // tiling.channels)
            operands = self._work.moved_bytes(tiling, self.staged) / bus
            operands += _TRANSFER_CYCLES * tiles * sum(self.staged)
            found = _Price(compute, operands, operands + weights / bus, tiles)
            self._prices[extents] = found
        return found
