"""From the passes' decisions to the Program: steps, streams, image and the report's tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import prod

import numpy as np

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.program import Step
from tilewright.hw.spec.registers import program_base
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.operator import Slide
from tilewright.mapper.memory import ALIGNMENT, Span
from tilewright.mapper.placement.buffers import Slices
from tilewright.mapper.placement.layer import Layer
from tilewright.mapper.placement.lifetimes import Lifetimes
from tilewright.mapper.planning.homes import Homes
from tilewright.mapper.planning.residency import Residency
from tilewright.mapper.program.bound import step_bound, stream_bound
from tilewright.mapper.program.cpu_steps import CpuSteps
from tilewright.mapper.program.image import (
    Image,
    encode_stream,
    npu_config_word,
    npu_limit,
    resolve_weights,
)
from tilewright.mapper.program.program import (
    Location,
    MemoryUse,
    Program,
    ProgramLayer,
    ProgramPort,
    ProgramState,
)
from tilewright.mapper.scheduling.arrival import Arrival
from tilewright.mapper.scheduling.schedule import Scheduler
from tilewright.mapper.scheduling.stream import CommandStream
from tilewright.mapper.works.tilings import Extents
from tilewright.mapper.works.weights import BlobKey, PackedWeights


@dataclass
class Assembly:
    """Puts the Program together from what the passes found.

    ``graph`` is the network as imported, ``rewritten`` as mapped. ``records``: profile records.
    """

    graph: Graph
    rewritten: Graph
    config: Config
    layers: Sequence[Layer]
    slices: Slices
    lives: Lifetimes
    residency: Residency
    homes: Homes
    packed: PackedWeights
    cpu_steps: int
    records: int
    tiles: dict[int, int] = field(default_factory=dict[int, int])

    def program(self) -> Program:
        """The Program. Raises RequestError where main memory is too small."""
        runs = [list(run) for _, run in groupby(range(len(self.layers)), self._run_of)]
        step_count = self.cpu_steps + sum(self._is_npu(run[0]) for run in runs)
        image = Image(program_base(self.config.soc), step_count)
        cpu = CpuSteps(self.rewritten, self.slices, self._memory_address, image.place)
        scheduler = self._scheduler(image)
        parts: list[list[Step] | CommandStream] = []
        for run in runs:
            if self._is_npu(run[0]):
                parts.append(self._schedule(scheduler, run))
            else:
                parts.append([s for i in run for s in cpu.steps(self.layers[i].op, i)])
        blobs = self._place_blobs(image, scheduler)
        steps: list[Step] = []
        bounds: list[int] = []
        for run, part in zip(runs, parts, strict=True):
            if isinstance(part, CommandStream):
                commands = resolve_weights(part.items, blobs)
                names = [self.layers[index].op.name for index in run]
                address = image.place(encode_stream(commands, names))
                steps.append(Step(NPU, run[0], {"commands": address}))
                bounds.append(stream_bound(commands, self.config))
            else:
                steps.extend(part)
                bounds.extend(step_bound(step, self.config) for step in part)
        return self._finish(image, steps, bounds, sum(map(len, scheduler.blobs.values())))

    def _is_npu(self, index: int) -> bool:
        return self.layers[index].engine == "npu"

    def _run_of(self, index: int) -> str:
        return self.layers[index].engine

    def _place_blobs(self, image: Image, scheduler: Scheduler) -> dict[BlobKey, int]:
        """Addresses of the weights: one linear stretch in order of first use."""
        image.place(b"", ALIGNMENT)
        memory_word = self.config.npu.weight_memory_bytes
        return {key: image.place(blob, memory_word) for key, blob in scheduler.blobs.items()}

    def _memory_address(self, tensor: str) -> int:
        found = self.slices[tensor]
        return self.homes.buffers[found.buffer] + found.offset

    def _scheduler(self, image: Image) -> Scheduler:
        resident = self.residency.addresses
        arrivals = {
            name: Arrival(self.homes.buffers[name], resident[name], self.lives.buffers[name].bytes)
            for name in self.lives.inputs
            if name in resident
        }
        homes = self.homes.buffers
        return Scheduler(
            self.config.npu, self.slices, resident, homes, arrivals, self.packed, image.place
        )

    def _schedule(self, scheduler: Scheduler, run: Sequence[int]) -> CommandStream:
        """One command stream for consecutive layers on the NPU."""
        scheduler.stream = CommandStream()
        for index in run:
            layer = self.layers[index]
            plans = self.residency.plans[index]
            for work, plan in zip(layer.works, plans, strict=True):
                cut = scheduler.work(work, plan)
                for number in work.layers or (index,):
                    self.tiles[number] = self.tiles.get(number, 0) + cut
            for tensor in self.lives.stored_after(index):
                found = self.slices[tensor]
                if found.buffer in self.residency.addresses:
                    size = self.rewritten.tensors[tensor].bytes
                    scheduler.store(found.buffer, found.offset, size)
            if not layer.cascaded:
                scheduler.stream.mark(index)
        scheduler.stream.end()
        return scheduler.stream

    def _finish(
        self, image: Image, steps: Sequence[Step], bounds: Sequence[int], weight_bytes: int
    ) -> Program:
        needs_npu = any(layer.engine == "npu" for layer in self.layers)
        data = image.finish(
            steps,
            {
                "npu_config": npu_config_word(self.config) if needs_npu else 0,
                "profile_address": self.homes.profile if needs_npu else 0,
                "times_address": self.homes.times,
                "total_address": self.homes.total,
                "npu_limit": npu_limit(
                    bound for step, bound in zip(steps, bounds, strict=True) if step.kind is NPU
                ),
            },
        )
        self._check_room(image.base + len(data))
        plan, peak = self._memory_plan()
        return Program(
            name=self.graph.name,
            config=self.config,
            base=image.base,
            image=data,
            steps=tuple(steps),
            layers=tuple(self._layer(index) for index in range(len(self.layers))),
            inputs=tuple(self._port(name) for name in self.graph.inputs),
            outputs=tuple(self._port(name) for name in self.graph.outputs),
            states=tuple(
                ProgramState(self._port(state.reads), state.initial) for state in self.graph.states
            ),
            memory_plan=plan,
            peak_sram_bytes=peak,
            profile_address=self.homes.profile,
            profile_records=self.records,
            times_address=self.homes.times,
            total_address=self.homes.total,
            weight_bytes=weight_bytes,
            macs=self.graph.macs(),
            cycle_bounds=tuple(bounds),
        )

    def _check_room(self, end: int) -> None:
        if end <= self.homes.start:
            return
        memory = self.config.soc.memory_bytes
        needed = memory + end - self.homes.start
        raise RequestError(
            f"network '{self.graph.name}': firmware, program, weights and tensors need {needed} "
            f"bytes of main memory, but memory_bytes is {memory}; enlarge memory_bytes"
        )

    def _port(self, name: str) -> ProgramPort:
        tensor = self.graph.tensors[name]
        address = self._memory_address(name)
        return ProgramPort(name, address, tensor.shape, tensor.dtype, tensor.quant)

    def _layer(self, index: int) -> ProgramLayer:
        layer = self.layers[index]
        return ProgramLayer(
            name=layer.op.name,
            op=layer.shown,
            engine=layer.engine,
            macs=layer.macs,
            covers=layer.covers,
            reason=layer.reason,
            tensor=layer.output,
            output=self._location(layer.output) if layer.whole else None,
            tiles=self.tiles.get(index, 0),
            shape=self.rewritten.tensors[layer.output].shape,
            inputs=tuple(self.rewritten.tensors[name].shape for name in layer.reads),
            slide=self._slide(layer),
            tile=max(self._tiles_of(index), key=prod, default=None),
            live=self._live(layer),
        )

    def _live(self, layer: Layer) -> float:
        """The share of a layer's weights that are not zero; its largest constant holds them."""
        tensors = self.rewritten.tensors
        stored = [tensors[name].data for name in layer.op.inputs if name in tensors]
        weights = max((data for data in stored if data is not None), key=np.size, default=None)
        return 1.0 if weights is None else np.count_nonzero(weights) / np.size(weights)

    def _slide(self, layer: Layer) -> Slide | None:
        """The windows of a layer. A copy of a state writes no tensor of the graph, and has none."""
        if not self.rewritten.tensors.keys() >= set(layer.op.outputs):
            return None
        return layer.op.operator.slide(self.rewritten.site(layer.op))

    def _tiles_of(self, index: int) -> Iterator[Extents]:
        """The tile of each of a layer's works."""
        for work, plan in zip(self.layers[index].works, self.residency.plans[index], strict=True):
            rows, cols, channels = map(min, plan.tiling[:3], work.extent)
            yield rows, cols, channels

    def _location(self, tensor: str) -> Location:
        found, shape = self.slices[tensor], self.rewritten.tensors[tensor].shape
        home = self.residency.addresses.get(found.buffer)
        base = self.homes.buffers[found.buffer] if home is None else home
        space = "memory" if home is None else "scratchpad"
        return Location(space, base + found.offset, shape, found.pixel_pitch, found.row_pitch)

    def _memory_plan(self) -> tuple[tuple[MemoryUse, ...], int]:
        uses = [
            MemoryUse(b.name, "scratchpad", self.residency.addresses[b.name], b.bytes, b.first,
                      b.last)
            for b in self.residency.blocks
        ]  # fmt: skip
        for index, plans in enumerate(self.residency.plans):
            name = self.layers[index].op.name
            uses.extend(
                MemoryUse(f"{name} staging {work}.{copy}.{operand}", "scratchpad", address, size,
                          index, index)
                for work, plan in enumerate(plans)
                for copy, addresses in enumerate(plan.staging)
                for operand, (address, size) in enumerate(zip(addresses, plan.sizes, strict=True))
                if size
            )  # fmt: skip
            uses.extend(
                MemoryUse(
                    f"{name} staging {work}.held.{area}", "scratchpad", address, size, index, index
                )
                for work, plan in enumerate(plans)
                for area, (address, size) in enumerate(zip(plan.held, plan.held_sizes, strict=True))
            )
        peak = max(map(_union, self._in_use(uses)), default=0)
        uses.extend(
            MemoryUse(b.name, "memory", self.homes.buffers[b.name], b.bytes, b.first, b.last)
            for b in self.lives.homes(set(self.residency.addresses), len(self.layers))
        )
        return tuple(uses), peak

    def _in_use(self, uses: Sequence[MemoryUse]) -> list[list[Span]]:
        """The scratchpad's bytes in use at each layer."""
        spans: list[list[Span]] = [[] for _ in self.layers]
        for use in uses:
            for layer in range(use.first, use.last + 1):
                spans[layer].append((use.address, use.address + use.bytes))
        return spans


def _union(spans: Sequence[Span]) -> int:
    """Bytes that are in any of the spans; works of one layer take turns in staging."""
    total, end = 0, 0
    for start, stop in sorted(spans):
        total += max(stop - max(start, end), 0)
        end = max(end, stop)
    return total
