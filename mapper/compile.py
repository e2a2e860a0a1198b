"""From a network to a Program: the mapper, top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from hw.spec.config import Config
from hw.spec.errors import RequestError
from hw.spec.profile import RECORD_BYTES
from hw.spec.program import TIME_WORDS, Step, StepKind
from hw.spec.registers import MEMORY_BASE, PROGRAM_BASE
from mapper.attributes import OpKind
from mapper.bound import step_bound, stream_bound
from mapper.buffers import Slices
from mapper.cpu import CpuLowering
from mapper.graph import Graph
from mapper.image import ALIGNMENT, Image, encode_stream, npu_config_word, resolve_weights
from mapper.lifetimes import Lifetimes, lifetimes
from mapper.memory import align, pack
from mapper.placement import place
from mapper.program import Location, MemoryUse, Program, ProgramLayer, ProgramPort
from mapper.residency import Problem, Residency, plan_residency
from mapper.rewrites.expand_depthwise import expand_depthwise
from mapper.rewrites.fold_identity import fold_identity
from mapper.rewrites.fuse_activation import fuse_activation
from mapper.rewrites.fuse_padding import fuse_padding
from mapper.schedule import Arrival, Scheduler
from mapper.stream import CommandStream
from mapper.tile import tiles
from mapper.work import Layer


def compile_model(graph: Graph, config: Config) -> Program:
    """Map a network onto a configuration.

    Raises RequestError naming layer, limit and remedy for a network that does not fit.
    """
    rewritten = rewrite(graph, config)
    layers, slices = place(graph, rewritten, config)
    lives = lifetimes(rewritten, layers, slices)
    residency = plan_residency(
        Problem(layers, slices, lives.buffers, lives.homeless, lives.inputs, config.npu)
    )
    homes = _plan_memory(graph, lives, residency, len(layers), config)
    return _Assembly(graph, rewritten, config, layers, slices, lives, residency, homes).program()


def rewrite(graph: Graph, config: Config) -> Graph:
    """The graph in the form that the hardware takes."""
    graph = fold_identity(graph)
    graph = fuse_padding(graph)
    graph = fuse_activation(graph)
    if config.soc.npu != "none":
        graph = expand_depthwise(graph, config.npu)
    return graph


@dataclass(frozen=True)
class _Homes:
    """Addresses in main memory: of buffers, and of what the run writes down."""

    buffers: Mapping[str, int]
    sizes: Mapping[str, int]
    start: int
    profile: int
    times: int
    total: int


def _plan_memory(
    graph: Graph, lives: Lifetimes, residency: Residency, layers: int, config: Config
) -> _Homes:
    """Buffers at the top of main memory, with the run's records below them."""
    blocks = lives.homes(set(residency.addresses), layers)
    records = (align(RECORD_BYTES * layers, ALIGNMENT), align(4 * TIME_WORDS * layers, ALIGNMENT))
    limit = MEMORY_BASE + config.soc.memory_bytes
    room = limit - PROGRAM_BASE - sum(records) - ALIGNMENT
    packed = pack(blocks, room, ALIGNMENT)
    if packed is None:
        largest = max(blocks, key=lambda block: block.bytes)
        raise RequestError(
            f"network '{graph.name}': its tensors do not fit main memory; the largest, "
            f"'{largest.name}', has {largest.bytes} bytes, and memory_bytes = "
            f"{config.soc.memory_bytes} leaves {room}; enlarge memory_bytes"
        )
    size = max((packed[block.name] + block.bytes for block in blocks), default=0)
    base = limit - align(size, ALIGNMENT)
    start = base - sum(records) - ALIGNMENT
    return _Homes(
        {name: base + offset for name, offset in packed.items()},
        {block.name: block.bytes for block in blocks},
        start,
        start,
        start + records[0],
        start + sum(records),
    )


@dataclass
class _Assembly:
    """Puts the Program together from what the passes found."""

    graph: Graph
    rewritten: Graph
    config: Config
    layers: Sequence[Layer]
    slices: Slices
    lives: Lifetimes
    residency: Residency
    homes: _Homes

    def program(self) -> Program:
        runs = [list(run) for _, run in groupby(range(len(self.layers)), self._run_of)]
        cpu_steps = self._count_cpu_steps()
        image = Image(cpu_steps + sum(self._is_npu(run[0]) for run in runs))
        cpu = CpuLowering(self.rewritten, self.slices, self._memory_address, image.place)
        scheduler = self._scheduler()
        parts: list[list[Step] | CommandStream] = []
        for run in runs:
            if self._is_npu(run[0]):
                parts.append(self._schedule(scheduler, run))
            else:
                parts.append([s for i in run for s in cpu.steps(self.layers[i].op, i)])
        blobs = {key: image.place(b, self._blob_alignment(i, b)) for i, (key, b) in
                 enumerate(scheduler.blobs.items())}
        steps: list[Step] = []
        bounds: list[int] = []
        for run, part in zip(runs, parts, strict=True):
            if isinstance(part, CommandStream):
                commands = resolve_weights(part.items, blobs)
                names = [self.layers[index].op.name for index in run]
                address = image.place(encode_stream(commands, names))
                steps.append(Step(StepKind.NPU, run[0], {"commands": address}))
                bounds.append(stream_bound(commands, self.config))
            else:
                steps.extend(part)
                bounds.extend(step_bound(step, self.config) for step in part)
        return self._finish(image, steps, bounds, sum(map(len, scheduler.blobs.values())))

    def _is_npu(self, index: int) -> bool:
        return self.layers[index].engine == "npu"

    def _run_of(self, index: int) -> str:
        return self.layers[index].engine

    def _count_cpu_steps(self) -> int:
        counter = CpuLowering(self.rewritten, self.slices, self._memory_address, lambda _: 0)
        return sum(
            len(counter.steps(layer.op, 0)) for layer in self.layers if layer.engine == "cpu"
        )

    def _blob_alignment(self, index: int, _: bytes) -> int:
        return ALIGNMENT if index == 0 else self.config.npu.weight_memory_bytes

    def _memory_address(self, tensor: str) -> int:
        found = self.slices[tensor]
        return self.homes.buffers[found.buffer] + found.offset

    def _scheduler(self) -> Scheduler:
        resident = self.residency.addresses
        arrivals = {
            name: Arrival(self.homes.buffers[name], resident[name], self.lives.buffers[name].bytes)
            for name in self.lives.inputs
            if name in resident
        }
        return Scheduler(self.config.npu, self.slices, resident, self.homes.buffers, arrivals)

    def _schedule(self, scheduler: Scheduler, run: Sequence[int]) -> CommandStream:
        """One command stream for consecutive layers on the NPU."""
        scheduler.stream = CommandStream()
        for index in run:
            layer = self.layers[index]
            plans = self.residency.plans[index]
            for position, (work, plan) in enumerate(zip(layer.works, plans, strict=True)):
                scheduler.work((index << 16) + position, work, plan)
            for tensor in self.lives.stored_after(index):
                found = self.slices[tensor]
                if found.buffer in self.residency.addresses:
                    size = self.rewritten.tensors[tensor].elements
                    scheduler.store(found.buffer, found.offset, size)
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
            },
        )
        self._check_room(PROGRAM_BASE + len(data))
        plan, peak = self._memory_plan()
        return Program(
            name=self.graph.name,
            config=self.config,
            base=PROGRAM_BASE,
            image=data,
            steps=tuple(steps),
            layers=tuple(self._layer(index) for index in range(len(self.layers))),
            inputs=tuple(self._port(name) for name in self.graph.inputs),
            outputs=tuple(self._port(name) for name in self.graph.outputs),
            memory_plan=plan,
            peak_sram_bytes=peak,
            profile_address=self.homes.profile,
            profile_records=sum(layer.engine == "npu" for layer in self.layers),
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
            f"network '{self.graph.name}': program, weights and tensors need {needed} bytes of main "
            f"memory with the firmware, but memory_bytes is {memory}; enlarge memory_bytes"
        )

    def _port(self, name: str) -> ProgramPort:
        tensor = self.graph.tensors[name]
        assert tensor.quant is not None
        return ProgramPort(name, self._memory_address(name), tensor.shape, tensor.quant)

    def _layer(self, index: int) -> ProgramLayer:
        layer = self.layers[index]
        kind = layer.op.kind
        covered = {op.name: op.kind for op in self.graph.ops if op.name in layer.covers}
        shown = covered.get(layer.op.name, kind)
        cut = sum(
            sum(1 for _ in tiles(work, plan.tiling))
            for work, plan in zip(layer.works, self.residency.plans[index], strict=True)
        )
        assert isinstance(shown, OpKind)
        return ProgramLayer(
            name=layer.op.name,
            op=shown.value,
            engine=layer.engine,
            macs=layer.macs,
            covers=layer.covers,
            reason=layer.reason,
            tensor=layer.output,
            output=self._location(layer.output),
            tiles=cut,
        )

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
        peak = max((self._in_use(uses, index) for index in range(len(self.layers))), default=0)
        uses.extend(
            MemoryUse(b.name, "memory", self.homes.buffers[b.name], b.bytes, b.first, b.last)
            for b in self.lives.homes(set(self.residency.addresses), len(self.layers))
        )
        return tuple(uses), peak

    def _in_use(self, uses: Sequence[MemoryUse], layer: int) -> int:
        """Scratchpad bytes in use at a layer; works of one layer take turns in staging."""
        spans = sorted((u.address, u.address + u.bytes) for u in uses if u.first <= layer <= u.last)
        total, end = 0, 0
        for start, stop in spans:
            total += max(stop - max(start, end), 0)
            end = max(end, stop)
        return total
