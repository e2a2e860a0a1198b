"""Which buffers stay in the scratchpad between layers, and where; the others live in main memory.

Buffers are sent to main memory one by one, cheapest traffic first, until what stays fits beside
the staging areas of the layers that touch the others. Several amounts of room for staging are
tried, and the plan with the fewest estimated cycles is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.memory import Block, Span, align, first_fit, pack
from tilewright.mapper.placement.buffers import Slices
from tilewright.mapper.placement.layer import Layer
from tilewright.mapper.planning.choices import Choice, Choices
from tilewright.mapper.works.geometry import Tiling
from tilewright.mapper.works.work import Work


@dataclass(frozen=True)
class WorkPlan:
    """How a work is tiled; ``staging`` has an address for each copy and operand (0: none), ``held``
    those of what lasts throughout. ``sizes``, ``held_sizes``: their bytes."""

    tiling: Tiling
    staged: tuple[bool, ...]
    staging: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]
    held: tuple[int, ...]
    held_sizes: tuple[int, ...]
    cost: float


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

    def buffers_of(self, work: Work) -> tuple[str, ...]:
        """The buffer of each operand of a work: inputs, output, states."""
        operands = (*work.inputs, work.output, *work.states)
        return tuple(self.slices[operand.tensor].buffer for operand in operands)


_STAGING_SHARES = (2, 3, 4, 8)
"""Parts of the scratchpad (1/n) that a layer's staging areas may claim, tried in turn."""


def plan_residency(problem: Problem) -> Residency:
    """The best plan found. Raises RequestError naming the layer that fits in no way."""
    return _Planner(problem).plan()


class _Planner:
    """Looks for a plan; what it finds out on the way it finds out once."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._config = problem.config
        self._buffers = [
            [problem.buffers_of(work) for work in layer.works] for layer in problem.layers
        ]
        self._touched = [
            frozenset(name for names in works for name in names) for works in self._buffers
        ]
        self._sizes = {
            name: align(block.bytes, problem.config.port_bytes)
            for name, block in problem.buffers.items()
        }
        self._uses = Counter(name for works in self._buffers for names in works for name in names)
        self._kinds = _numbered(problem.layers)
        self._choices: dict[tuple[int, tuple[bool, ...]], Choices] = {}
        self._realised: dict[frozenset[str], Residency | None] = {}

    def plan(self) -> Residency:
        """Raises RequestError naming the layer that fits in no way."""
        best: Residency | None = None
        homeless = self._problem.homeless
        resident = self._shrink(1)
        plan = self._realise(resident)
        if plan is not None and resident == homeless:
            return plan  # everything stays on chip
        for share in (*_STAGING_SHARES, 0):
            resident = self._shrink(share)
            while (plan := self._realise(resident)) is None and resident:
                resident = resident - {self._cheapest(resident, None)}
            if plan is not None and (best is None or plan.cost < best.cost):
                best = plan
        if best is None:
            raise self._does_not_fit()
        return best

    def _choices_of(self, layer: int, position: int, resident: frozenset[str]) -> Choices:
        staged = tuple([name not in resident for name in self._buffers[layer][position]])
        key = (self._kinds[layer][position], staged)
        found = self._choices.get(key)
        if found is None:
            work = self._problem.layers[layer].works[position]
            found = self._choices[key] = Choices(work, staged, self._config)
        return found

    def _needed(self, layer: int, resident: frozenset[str], limit: int) -> int:
        """Bytes of staging that a layer needs."""
        works = self._problem.layers[layer].works
        if self._touched[layer] <= resident and not any(work.holds for work in works):
            return 0
        return max(
            (
                self._choices_of(layer, position, resident).least_staging(limit)
                for position, names in enumerate(self._buffers[layer])
                if not resident.issuperset(names) or works[position].holds
            ),
            default=0,
        )

    def _shrink(self, share: int) -> frozenset[str]:
        """Take buffers out of the scratchpad until each layer has room for its share of staging."""
        resident = self._problem.homeless
        capacity = self._config.scratchpad_bytes
        limit = capacity // share if share else 0
        layers = range(len(self._problem.layers))
        live = [0 for _ in layers]
        for name in resident:
            block = self._problem.buffers[name]
            for index in range(block.first, block.last + 1):
                live[index] += self._sizes[name]
        needed = [self._needed(index, resident, limit) for index in layers]
        while True:
            worst, excess = None, 0
            for index in layers:
                over = live[index] + needed[index] - capacity
                if over > excess and live[index]:
                    worst, excess = index, over
            if worst is None:
                return resident
            out = self._cheapest(resident, worst)
            resident = resident - {out}
            block = self._problem.buffers[out]
            for index in range(block.first, block.last + 1):
                live[index] -= self._sizes[out]
                needed[index] = self._needed(index, resident, limit)

    def _cheapest(self, resident: frozenset[str], layer: int | None) -> str:
        """The buffer alive at a layer (None: anywhere) that costs least traffic for what it frees.

        One that the layer does not touch frees all its bytes, others still need staging.
        """
        buffers = self._problem.buffers
        touched = frozenset[str]() if layer is None else self._touched[layer]

        def price(name: str) -> tuple[float, int]:
            uses = self._uses[name] - (name in self._problem.free)
            return (uses / (0.75 if name in touched else 1.0), -buffers[name].bytes)

        alive = [
            name
            for name in sorted(resident)
            if layer is None or buffers[name].first <= layer <= buffers[name].last
        ]
        return min(alive, key=price)

    def _realise(self, resident: frozenset[str]) -> Residency | None:
        """Addresses for the resident buffers and tilings in the gaps; None if it does not fit."""
        if resident not in self._realised:
            self._realised[resident] = self._laid_out(resident)
        return self._realised[resident]

    def _laid_out(self, resident: frozenset[str]) -> Residency | None:
        problem, config = self._problem, self._config
        blocks = [block for name, block in problem.buffers.items() if name in resident]
        addresses = pack(blocks, config.scratchpad_bytes, config.port_bytes)
        if addresses is None:
            return None
        alive: list[list[Span]] = [[] for _ in problem.layers]
        for block in blocks:
            start = addresses[block.name]
            for index in range(block.first, block.last + 1):
                alive[index].append((start, start + block.bytes))
        plans: list[list[WorkPlan]] = []
        total = 0.0
        for index, layer in enumerate(problem.layers):
            used = alive[index]
            room = config.scratchpad_bytes - sum(end - start for start, end in used)
            fits = partial(_place_staging, used=used, config=config)
            plans.append([])
            for position in range(len(layer.works)):
                choices = self._choices_of(index, position, resident)
                chosen = choices.choose(fits, room)
                if chosen is None:
                    return None
                plans[-1].append(_work_plan(chosen, choices.staged))
                total += chosen.cost
        return Residency(addresses, blocks, plans, total)

    def _does_not_fit(self) -> RequestError:
        """The message for the layer that needs the most even when nothing stays on chip."""
        capacity = self._config.scratchpad_bytes
        layers = self._problem.layers
        needed = [self._needed(index, frozenset(), 0) for index in range(len(layers))]
        worst = layers[needed.index(max(needed))]
        return RequestError(
            f"layer '{worst.op.name}' ({worst.op.kind}) needs at least {max(needed)} bytes "
            f"of scratchpad for one output pixel, but scratchpad_bytes is {capacity}; "
            "enlarge scratchpad_bytes"
        )


def _numbered(layers: Sequence[Layer]) -> list[list[int]]:
    """For each work of each layer a number, the same for works of the same geometry."""
    numbers: dict[Hashable, int] = {}
    return [
        [numbers.setdefault(work.geometry, len(numbers)) for work in layer.works]
        for layer in layers
    ]


def _work_plan(chosen: Choice, staged: tuple[bool, ...]) -> WorkPlan:
    count, copies = len(chosen.sizes), chosen.tiling.copies
    starts = range(0, copies * count, count)
    return WorkPlan(
        tiling=chosen.tiling,
        staged=staged,
        staging=tuple(tuple(chosen.addresses[start : start + count]) for start in starts),
        sizes=chosen.sizes,
        held=tuple(chosen.addresses[copies * count :]),
        held_sizes=chosen.held,
        cost=chosen.cost,
    )


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
