"""Which buffers stay in the scratchpad between layers, and where; the others live in main memory.

Buffers are sent to main memory one by one, cheapest traffic first, until what stays fits beside
the staging areas of the layers that touch the others. Several amounts of room for staging are
tried, and the plan with the fewest estimated cycles is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw.spec.config import NpuConfig
from hw.spec.errors import RequestError
from mapper.buffers import Slices
from mapper.memory import Block, Span, align, first_fit, pack
from mapper.tile import Tiling, choose_tiling, staging_bytes, tilings
from mapper.work import Layer, Work, operands


@dataclass(frozen=True)
class WorkPlan:
    """How a work is tiled; ``staging`` holds an address for each copy and operand (0: none)."""

    tiling: Tiling
    staged: tuple[bool, ...]
    staging: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Residency:
    """``addresses`` of the buffers that stay in the scratchpad; a plan for each work, by layer."""

    addresses: Mapping[str, int]
    blocks: Sequence[Block]
    plans: Sequence[Sequence[WorkPlan]]
    cost: float


@dataclass(frozen=True)
class Problem:
    """What is to be planned: layers and the buffers they touch (`Block`s by name).

    ``homeless`` names the buffers that may stay in the scratchpad; ``free`` those whose content
    is in main memory anyway (network inputs), so that keeping them there saves no store.
    """

    layers: Sequence[Layer]
    slices: Slices
    buffers: Mapping[str, Block]
    homeless: frozenset[str]
    free: frozenset[str]
    config: NpuConfig

    def staged(self, work: Work, resident: frozenset[str]) -> tuple[bool, ...]:
        """For each operand of a work, whether it lives in main memory."""
        inputs, output = operands(work)
        return tuple(
            self.slices[operand.tensor].buffer not in resident for operand in (*inputs, output)
        )


_STAGING_SHARES = (2, 3, 4, 8)
"""Parts of the scratchpad (1/n) that a layer's staging areas may claim, tried in turn."""


def plan_residency(problem: Problem) -> Residency:
    """The best plan found. Raises RequestError naming the layer that fits in no way."""
    best: Residency | None = None
    resident = _shrink(problem, 1)
    plan = _realise(problem, resident)
    if plan is not None and resident == problem.homeless:
        return plan  # everything stays on chip
    for share in (*_STAGING_SHARES, 0):
        resident = _shrink(problem, share)
        while (plan := _realise(problem, resident)) is None and resident:
            resident = resident - {_cheapest(problem, resident, None)}
        if plan is not None and (best is None or plan.cost < best.cost):
            best = plan
    if best is None:
        raise _does_not_fit(problem)
    return best


def _least_staging(problem: Problem, work: Work, staged: tuple[bool, ...], limit: int) -> int:
    """Bytes of staging for the largest tiling within ``limit``, or of the smallest of all."""
    smallest = None
    for group in tilings(work, problem.config, staged):
        for tiling in group:
            sizes = staging_bytes(work, tiling, staged)
            port = problem.config.port_bytes
            size = tiling.copies * sum(align(part, port) for part in sizes)
            if size <= limit:
                return size
            smallest = size if smallest is None else min(smallest, size)
    assert smallest is not None
    return smallest


def _shrink(problem: Problem, share: int) -> frozenset[str]:
    """Take buffers out of the scratchpad until each layer has room for its share of staging."""
    resident = problem.homeless
    capacity = problem.config.scratchpad_bytes
    limit = capacity // share if share else 0
    while True:
        worst, excess = None, 0
        for index, layer in enumerate(problem.layers):
            live = sum(
                align(block.bytes, problem.config.port_bytes)
                for name, block in problem.buffers.items()
                if name in resident and block.first <= index <= block.last
            )
            needs = [
                _least_staging(problem, work, staged, limit)
                for work in layer.works
                if any(staged := problem.staged(work, resident))
            ]
            over = live + max(needs, default=0) - capacity
            if over > excess and live:
                worst, excess = index, over
        if worst is None:
            return resident
        resident = resident - {_cheapest(problem, resident, worst)}


def _cheapest(problem: Problem, resident: frozenset[str], layer: int | None) -> str:
    """The buffer alive at a layer (None: anywhere) that costs least traffic for the room it frees.

    One that the layer does not touch frees all its bytes, others still need staging.
    """

    def price(name: str) -> tuple[float, int]:
        block = problem.buffers[name]
        uses = 0
        touched = False
        for index, candidate in enumerate(problem.layers):
            for work in candidate.works:
                inputs, output = operands(work)
                names = [problem.slices[operand.tensor].buffer for operand in (*inputs, output)]
                uses += names.count(name)
                touched |= name in names and index == layer
        if name in problem.free:
            uses -= 1
        return (uses / (0.75 if touched else 1.0), -block.bytes)

    alive = [
        name
        for name in sorted(resident)
        if layer is None or problem.buffers[name].first <= layer <= problem.buffers[name].last
    ]
    return min(alive, key=price)


def _realise(problem: Problem, resident: frozenset[str]) -> Residency | None:
    """Addresses for the resident buffers and tilings in the gaps; None when it does not fit."""
    config = problem.config
    blocks = [problem.buffers[name] for name in problem.buffers if name in resident]
    addresses = pack(blocks, config.scratchpad_bytes, config.port_bytes)
    if addresses is None:
        return None
    plans: list[list[WorkPlan]] = []
    total = 0.0
    for index, layer in enumerate(problem.layers):
        used = [
            (addresses[block.name], addresses[block.name] + block.bytes)
            for block in blocks
            if block.first <= index <= block.last
        ]
        plans.append([])
        for work in layer.works:
            planned = _plan_work(work, problem.staged(work, resident), used, config)
            if planned is None:
                return None
            plans[-1].append(planned[0])
            total += planned[1]
    return Residency(addresses, blocks, plans, total)


def _plan_work(
    work: Work, staged: tuple[bool, ...], used: Sequence[Span], config: NpuConfig
) -> tuple[WorkPlan, float] | None:
    def fits(sizes: list[int]) -> list[int] | None:
        return _place_staging(sizes, used, config)

    chosen = choose_tiling(work, config, staged, fits)
    if chosen is None:
        return None
    tiling, addresses, price = chosen
    count = len(staged)
    copies = tuple(
        tuple(addresses[copy * count : (copy + 1) * count]) for copy in range(tiling.copies)
    )
    return WorkPlan(tiling, staged, copies, staging_bytes(work, tiling, staged)), price


def _place_staging(
    sizes: Sequence[int], used: Sequence[Span], config: NpuConfig
) -> list[int] | None:
    """An address for each staging area in the gaps, largest first."""
    taken = list(used)
    addresses = [0] * len(sizes)
    for index in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        if sizes[index] == 0:
            continue
        address = first_fit(taken, sizes[index], config.port_bytes, config.scratchpad_bytes)
        if address is None:
            return None
        addresses[index] = address
        taken.append((address, address + sizes[index]))
    return addresses


def _does_not_fit(problem: Problem) -> RequestError:
    """The message for the layer that needs the most even when nothing stays on chip."""
    capacity = problem.config.scratchpad_bytes
    worst, needed = problem.layers[0], 0
    for layer in problem.layers:
        for work in layer.works:
            least = _least_staging(problem, work, problem.staged(work, frozenset()), 0)
            if least > needed:
                worst, needed = layer, least
    return RequestError(
        f"layer '{worst.op.name}' ({worst.op.kind.value}) needs at least {needed} bytes of "
        f"scratchpad for one output pixel, but scratchpad_bytes is {capacity}; "
        "enlarge scratchpad_bytes"
    )
