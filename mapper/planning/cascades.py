"""Which layers are computed together, some rows of each in turn, so that less crosses the bus.

What one layer gives the next one alone and what has no place in the scratchpad links the two. Runs
of such links become cascades where the cycle formula says that it pays, with neighbours whose
tensors then need no room either. The plan with cascades is kept if it is the better one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.memory import Block, align
from tilewright.mapper.placement.lifetimes import Lifetimes
from tilewright.mapper.placement.placement import Placement
from tilewright.mapper.planning.choices import Choices
from tilewright.mapper.planning.residency import Problem, Residency, plan_residency
from tilewright.mapper.works.cascade import Cascade
from tilewright.mapper.works.elementwise import ElementwiseWork
from tilewright.mapper.works.geometry import Operand, Region, Shape
from tilewright.mapper.works.stage import Stage
from tilewright.mapper.works.window import WindowWork

Chain = tuple[int, int]
"""The first and the last layer of a cascade."""

_MORE = 2
"""Links on either side that have a place in the scratchpad."""

_MOST = 8
"""Layers of a cascade."""


@dataclass(frozen=True)
class Planned:
    """Layers, those of cascades included, and where their tensors are."""

    placed: Placement
    residency: Residency

    @property
    def records(self) -> int:
        """How many profile records the layers write."""
        count = 0
        for layer, plans in zip(self.placed.layers, self.residency.plans, strict=True):
            for work, plan in zip(layer.works, plans, strict=True):
                count += work.marks(plan.tiling) if isinstance(work, Cascade) else 0
            count += layer.engine == "npu" and not layer.cascaded
        return count


def plan_layers(graph: Graph, placed: Placement, config: NpuConfig) -> Planned:
    """The best plan found. Raises RequestError naming the layer that fits in no way."""
    apart = Planned(placed, plan_residency(_problem(placed, config)))
    if set(apart.residency.addresses) >= placed.lives.homeless:
        return apart
    search = _Search(graph, apart, config)
    cascades = {chain: search.cascade(chain) for chain in search.chains()}
    if not cascades:
        return apart
    joined = _with_cascades(placed, cascades)
    residency = plan_residency(_problem(joined, config))
    return Planned(joined, residency) if residency.cost < apart.residency.cost else apart


def _problem(placed: Placement, config: NpuConfig) -> Problem:
    lives = placed.lives
    return Problem(
        placed.layers, placed.slices, lives.buffers, lives.homeless, lives.inputs, config
    )


class _Search:
    """Looks for chains of layers that a cascade makes faster, given a plan without them."""

    def __init__(self, graph: Graph, apart: Planned, config: NpuConfig) -> None:
        self._graph, self._config = graph, config
        self._placed, self._resident = apart.placed, apart.residency.addresses
        self._costs = [sum(plan.cost for plan in plans) for plans in apart.residency.plans]
        sharing: dict[str, set[str]] = {}
        for tensor, found in apart.placed.slices.of.items():
            sharing.setdefault(found.buffer, set()).add(tensor)
        self._sharing = sharing
        self._stages: dict[tuple[int, bool], Stage] = {}

    def chains(self) -> list[Chain]:
        """Chains of layers, none of which is in two."""
        layers = range(len(self._placed.layers) - 1)
        links = [self._links(index) for index in layers]
        hot = [links[index] and self._is_away(index) for index in layers]
        found: list[Chain] = []
        for is_linked, group in groupby(layers, key=links.__getitem__):
            run = list(group)
            if is_linked and any(hot[run[0] : run[-1] + 1]):
                found += self._best(run[0], run[-1] + 1, hot)
        return found

    def cascade(self, chain: Chain) -> Cascade:
        """The work of a chain of layers."""
        first, last = chain
        stages = tuple(self._stage(index, index > first) for index in range(first, last + 1))
        return Cascade(stages, stages[-1].work.output)

    def _stage(self, index: int, chained: bool) -> Stage:
        key = (index, chained)
        if key not in self._stages:
            layers, work = self._placed.layers, _work(self._placed, index)
            names = [operand.tensor for operand in work.inputs]
            self._stages[key] = Stage(
                layer=index,
                work=work,
                rows=self._graph.tensors[layers[index].output].shape[1],
                chained=names.index(layers[index - 1].output) if chained else None,
            )
        return self._stages[key]

    def _is_away(self, index: int) -> bool:
        buffer = self._placed.slices[self._placed.layers[index].output].buffer
        return buffer not in self._resident

    def _best(self, first: int, last: int, hot: Sequence[bool]) -> list[Chain]:
        """The chains within linked layers that together save the most."""
        best: list[tuple[float, tuple[Chain, ...]]] = [(0.0, ())]
        fits = dict.fromkeys(range(first, last + 1), True)
        for end in range(first + 1, last + 1):
            options = [best[-1]]
            for begin in range(max(first, end - _MOST + 1), end):
                tried = any(hot[begin:end]) and _is_near(hot, begin, end) and fits[begin]
                if not tried or not self._is_whole((begin, end)):
                    continue
                gain = self._gain((begin, end))
                fits[begin] = gain is not None
                if gain is not None and gain > 0:
                    before, chains = best[max(begin - first - 1, 0)]
                    options.append((before + gain, (*chains, (begin, end))))
            best.append(max(options))
        return list(best[-1][1])

    def _is_whole(self, chain: Chain) -> bool:
        """Whether what is never whole shares its bytes with nothing else."""
        layers, slices = self._placed.layers, self._placed.slices
        within = {layers[index].output for index in range(chain[0], chain[1])}
        result = slices[layers[chain[1]].output].buffer
        outside = {slices[operand.tensor].buffer for operand in self.cascade(chain).inputs}
        return result not in outside and all(
            self._sharing[buffer] <= within or buffer == result
            for buffer in {slices[name].buffer for name in within}
        )

    def _gain(self, chain: Chain) -> float | None:
        """Estimated cycles that a cascade saves; None where it has no room."""
        placed, lives, slices = self._placed, self._placed.lives, self._placed.slices
        cascade, config = self.cascade(chain), self._config
        within = {slices[layer.output].buffer for layer in placed.layers[chain[0] : chain[1]]}
        within.discard(slices[cascade.output.tensor].buffer)
        alive = [
            block
            for name, block in lives.buffers.items()
            if name in self._resident and name not in within
            and block.first <= chain[1] and block.last >= chain[0]
        ]  # fmt: skip
        room = config.scratchpad_bytes - sum(align(b.bytes, config.port_bytes) for b in alive)
        operands = (*cascade.inputs, cascade.output)
        staged = tuple(slices[o.tensor].buffer not in self._resident for o in operands)

        def fits(sizes: Sequence[int]) -> list[int] | None:
            needed = sum(align(size, config.port_bytes) for size in sizes)
            return [0] * len(sizes) if needed <= room else None

        chosen = Choices(cascade, staged, config).choose(fits, room)
        if chosen is None:
            return None
        return sum(self._costs[chain[0] : chain[1] + 1]) - chosen.cost

    def _links(self, index: int) -> bool:
        """Whether a layer's result goes to the next layer and nowhere else, row by row."""
        graph, layers = self._graph, self._placed.layers
        name, reader = layers[index].output, layers[index + 1].op
        ends = (*graph.sources, *graph.sinks)
        alone = graph.consumers(name) == (reader,) and reader.inputs.count(name) == 1
        if name in ends or not alone:
            return False
        if not all(self._is_stage(layer) for layer in (index, index + 1)):
            return False
        work = _work(self._placed, index + 1)
        if isinstance(work, WindowWork):
            # Rows that are needed again are moved.
            has_mover = self._config.move_unit and not self._config.microcode
            return has_mover or work.kernel[0] == 1
        return graph.tensors[name].shape == graph.tensors[layers[index + 1].output].shape

    def _is_stage(self, index: int) -> bool:
        """Whether a layer is one work on whole images of one batch, row by row."""
        layer = self._placed.layers[index]
        if layer.engine == "cpu" or len(layer.works) != 1:
            return False
        work = layer.works[0]
        result = self._graph.tensors[layer.output].shape
        if len(result) != 4 or result[0] != 1 or work.table is not None:
            return False
        if isinstance(work, ElementwiseWork):
            return work.output == Operand(layer.output)
        if not isinstance(work, WindowWork):
            return False
        source = self._graph.tensors[work.input.tensor].shape
        return (
            _is_whole(work.input, work.input_shape)
            and _is_whole(work.output, work.output_shape)
            and (1, *work.input_shape) == source
            and (1, *work.output_shape) == result
            and work.region == Region(0, 0, *work.output_shape[:2])
            and _is_replayed(work, self._config)
        )


def _is_near(hot: Sequence[bool], begin: int, end: int) -> bool:
    """Whether there are few links on either side of those that have no place."""
    return any(hot[begin : begin + _MORE + 1]) and any(hot[max(end - _MORE - 1, 0) : end])


def _is_whole(operand: Operand, shape: Shape) -> bool:
    """Whether a work sees a tensor as it is."""
    return operand in (Operand(operand.tensor), Operand(operand.tensor, image=shape))


def _is_replayed(work: WindowWork, config: NpuConfig) -> bool:
    """Whether a command may take any number of rows: its blocks fit the weight ring."""
    (group, *_) = work.tilings(config, (False, False))
    return next(iter(group), None) == work.extent


def _work(placed: Placement, index: int) -> WindowWork | ElementwiseWork:
    (work,) = placed.layers[index].works
    assert isinstance(work, WindowWork | ElementwiseWork)
    return work


def _with_cascades(placed: Placement, cascades: Mapping[Chain, Cascade]) -> Placement:
    """The layers of each chain as one work; what they give each other has no buffer."""
    layers, lives = list(placed.layers), placed.lives
    buffers = dict(lives.buffers)
    for chain, cascade in cascades.items():
        first, last = chain
        for index in range(first, last + 1):
            works = (cascade,) if index == first else ()
            whole = index == last
            layers[index] = replace(layers[index], works=works, cascaded=True, whole=whole)
        result = placed.slices[cascade.output.tensor].buffer
        for layer in placed.layers[first:last]:
            buffer = placed.slices[layer.output].buffer
            if buffer != result:
                buffers.pop(buffer, None)
        for operand in (*cascade.inputs, cascade.output):
            name = placed.slices[operand.tensor].buffer
            buffers[name] = _through(buffers[name], chain)
    return replace(placed, layers=layers, lives=_with_buffers(lives, buffers))


def _through(block: Block, chain: Chain) -> Block:
    """A block that is alive as long as a chain that touches it."""
    return replace(block, first=min(block.first, chain[0]), last=max(block.last, chain[1]))


def _with_buffers(lives: Lifetimes, buffers: dict[str, Block]) -> Lifetimes:
    return replace(lives, buffers=buffers, homeless=lives.homeless & frozenset(buffers))
