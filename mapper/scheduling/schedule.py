"""The order of transfers and compute commands, layer by layer, tile by tile.

Loads for the next tile stand before the command that computes this one, and stores behind it, so
that the DMA works beside the array; `mapper.scheduling.stream` finds what a command waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import array_of
from tilewright.mapper.placement.buffers import Slices
from tilewright.mapper.planning.residency import WorkPlan
from tilewright.mapper.scheduling.arrival import Arrival, strips
from tilewright.mapper.scheduling.held_tables import HeldTables
from tilewright.mapper.scheduling.stream import CommandStream
from tilewright.mapper.scheduling.transfer import Rectangle, copies
from tilewright.mapper.works.geometry import Place, Tile
from tilewright.mapper.works.weights import (
    BlobKey,
    PackedWeights,
    WeightsOrder,
    WeightUse,
    restream,
    streamed_blob,
)
from tilewright.mapper.works.work import Emitted, Work


@dataclass
class Scheduler:
    """Emits layers into command streams.

    ``scratchpad`` has the address of each resident buffer, ``memory`` that of each buffer with a
    home in main memory, ``arrivals`` the network inputs that become resident. ``blobs`` collects
    the weights in order of first use, ``packed`` those of this network in all their layouts.
    ``place_constant`` puts bytes into main memory, which ``constants`` keeps the addresses of;
    ``tables`` are those that the chip holds.
    """

    config: NpuConfig
    slices: Slices
    scratchpad: Mapping[str, int]
    memory: Mapping[str, int]
    arrivals: dict[str, Arrival]
    packed: PackedWeights
    place_constant: Callable[[bytes], int]
    constants: dict[bytes, int] = field(default_factory=dict[bytes, int])
    tables: HeldTables = field(default_factory=HeldTables)
    blobs: dict[BlobKey, bytes] = field(default_factory=dict[BlobKey, bytes])
    stream: CommandStream = field(default_factory=CommandStream)

    def work(self, work: Work, plan: WorkPlan) -> int:
        """Emit all tiles of a work, and return how many."""
        return _WorkScheduler(self, work, plan).run()

    def store(self, buffer: str, offset: int, size: int) -> None:
        """Copy bytes of a resident buffer to its home in main memory."""
        place = self.scratchpad[buffer] + offset
        self.transfer(Opcode.STORE, Rectangle.flat(self.memory[buffer] + offset, place, size))

    def constant(self, data: bytes) -> int:
        """Return the address in main memory of bytes that never change."""
        if data not in self.constants:
            self.constants[data] = self.place_constant(data)
        return self.constants[data]

    def require(self, buffer: str, upto: int) -> None:
        """Load an arriving buffer's bytes up to ``upto``, where they are not on their way."""
        arrival = self.arrivals.get(buffer)
        if arrival is None or upto <= arrival.arrived:
            return
        start = arrival.arrived
        self.transfer(
            Opcode.LOAD,
            Rectangle.flat(arrival.memory + start, arrival.scratchpad + start, upto - start),
        )
        arrival.arrived = upto

    def transfer(self, opcode: Opcode, rectangle: Rectangle) -> None:
        """A LOAD or STORE of a rectangle, in as many commands as it takes."""
        for values, span in copies(rectangle):
            self.stream.transfer(Command(opcode, values), span)


class _Job(NamedTuple):
    """A tile, the copies of the staging areas it uses, and whether its input must be loaded."""

    tile: Tile
    input_copy: int
    output_copy: int
    fresh: bool


class _WorkScheduler:
    """Emits one work."""

    def __init__(self, owner: Scheduler, work: Work, plan: WorkPlan) -> None:
        self.owner, self.work, self.plan = owner, work, plan
        self.stream, self.config = owner.stream, owner.config
        self.array = array_of(owner.config)

    def run(self) -> int:
        """Emit all tiles; returns their number."""
        self._load_stored()
        jobs = self._jobs()
        ahead = self.plan.tiling.copies > 1
        self._load(jobs[0])
        for job, following in zip(jobs, [*jobs[1:], None], strict=True):
            if following is not None:
                self._require(following.tile)
                if ahead:
                    self._load(following)
            self._compute(job)
            self._store(job)
            for layer in self.work.layers[-1:]:
                self.stream.mark(layer)
            if following is not None and not ahead:
                self._load(following)
        for position in range(len(self.work.inputs) + 1, len(self.plan.staged)):
            if self.plan.staged[position]:
                self._transfer(Opcode.STORE, position, jobs[-1])
        return len(jobs)

    def _stored(self) -> tuple[int, ...]:
        """Addresses of what is stored before the first tile: constants, then the table."""
        return self.plan.held[: len(self.work.stored)]

    def _load_stored(self) -> None:
        """Constants into their staging areas, and from there a table that the chip lacks."""
        work, tables = self.work, self.owner.tables
        for data, address in zip(work.stored, self._stored(), strict=True):
            exponentials, place = data is work.exponentials, None
            if exponentials or data is work.table:
                place = tables.bring(data, exponentials=exponentials)
                if place is None:
                    continue
            home = self.owner.constant(data)
            self.owner.transfer(Opcode.LOAD, Rectangle.flat(home, address, len(data)))
            if place is not None:
                values = {"input_address": address, **place}
                span = (address, address + len(data))
                self.stream.compute(Emitted(Command(Opcode.TABLE, values), (span,), ()))

    def _jobs(self) -> list[_Job]:
        """The tiles in order. A convolution's channel tiles share the input of their pixels."""
        copies = self.plan.tiling.copies
        jobs: list[_Job] = []
        loads = 0
        for index, tile in enumerate(self._tiles()):
            shared = self.work.shares_input and jobs and jobs[-1].tile.region == tile.region
            loads += not shared
            jobs.append(_Job(tile, (loads - 1) % copies, index % copies, not shared))
        return jobs

    def _tiles(self) -> Iterator[Tile]:
        """The tiles in order, in strips of rows while the input is still arriving."""
        work, tiling = self.work, self.plan.tiling
        if work.in_strips and not any(self.plan.staged):
            found = self.owner.slices[work.inputs[0].tensor]
            arrival = self.owner.arrivals.get(found.buffer)
            if arrival is not None and arrival.arrived < arrival.bytes and found.offset == 0:
                for region in strips(work, tiling, arrival, self.array):
                    yield from work.tiles(tiling, region)
                return
        yield from work.tiles(tiling)

    def _require(self, tile: Tile) -> None:
        for position, operand in enumerate(self.work.inputs):
            found = self.owner.slices[operand.tensor]
            arrival = self.owner.arrivals.get(found.buffer)
            if arrival is None:
                continue
            needed = self.work.arrived_bytes(position, tile) if found.offset == 0 else None
            end = arrival.bytes if needed is None else min(needed, arrival.bytes)
            self.owner.require(found.buffer, end)

    def _home(self, position: int, tile: Tile) -> Place:
        """Where an operand's part lies in its buffer: in the scratchpad if it is resident."""
        work, owner = self.work, self.owner
        operand = (*work.inputs, work.output, *work.states)[position]
        part, shape = work.part(position, tile), work.image(position)
        found = owner.slices[operand.tensor]
        home = owner.scratchpad.get(found.buffer)
        base = owner.memory[found.buffer] if home is None else home
        start, pixel, row = operand.place(shape, found.pixel_pitch, found.row_pitch)
        start += found.offset + part.first_channel
        start += part.region.top * row + part.region.left * pixel
        return Place(base + start, pixel, row)

    def _place(self, position: int, job: _Job) -> Place:
        """Where a command finds an operand's part: dense in its staging area, or in its buffer."""
        if not self.plan.staged[position]:
            return self._home(position, job.tile)
        _, cols, channels = self.work.part(position, job.tile).shape
        return Place(self._staging(position, job), channels, cols * channels)

    def _staging(self, position: int, job: _Job) -> int:
        """The address of an operand's staging area; the output's may be the place of an input."""
        count = len(self.work.inputs)
        if position < count:
            return self.plan.staging[job.input_copy][position]
        if position > count:
            return self.plan.staging[0][position]
        over = self.work.written_over(self.plan.staged)
        if over is None:
            return self.plan.staging[job.output_copy][position]
        return self._place(over, job).address

    def _load(self, job: _Job) -> None:
        self._require(job.tile)
        for position in range(len(self.work.inputs)):
            if self.plan.staged[position] and job.fresh:
                self._transfer(Opcode.LOAD, position, job)

    def _store(self, job: _Job) -> None:
        position = len(self.work.inputs)
        if self.plan.staged[position]:
            self._transfer(Opcode.STORE, position, job)

    def _transfer(self, opcode: Opcode, position: int, job: _Job) -> None:
        shape = self.work.part(position, job.tile).shape
        home, staging = self._home(position, job.tile), self._staging(position, job)
        self.owner.transfer(opcode, Rectangle(home, staging, *shape))

    def _compute(self, job: _Job) -> None:
        count = len(self.work.inputs)
        sources = [self._place(position, job) for position in range(count)]
        constants, stored = len(self.work.constants), len(self.work.stored)
        held = [Place(address, 0, 0) for address in self.plan.held]
        states = [self._place(count + 1 + i, job) for i in range(len(self.work.states))]
        sources += [*held[:constants], *states, *held[stored:]]
        for emitted in self.work.emit(job.tile, sources, self._place(count, job), self.array):
            self._issue(self._looked_up(emitted))

    def _looked_up(self, emitted: Emitted) -> Emitted:
        """A command with its results sent through the work's table."""
        if self.work.table is None or not emitted.looked_up:
            return emitted
        values = {**emitted.command.values, "table": 1 + self.owner.tables.slot(self.work.table)}
        return emitted._replace(command=replace(emitted.command, values=values))

    def _issue(self, emitted: Emitted) -> None:
        """A command, behind its weights."""
        order = emitted.weights
        if order is None:
            self.stream.compute(emitted)
        elif order.streamed:
            self._streamed(order, emitted)
        else:
            self._replayed(order, emitted)

    def _replayed(self, order: WeightsOrder, emitted: Emitted) -> None:
        """The command behind its weights."""
        work, first, count = order.work, order.first_channel, order.channels
        key = BlobKey(work, first, count, "paired" if order.paired else "single")
        if key not in self.owner.blobs:
            self.owner.blobs[key] = self.owner.packed.replayed(
                work, first, count, self.config, paired=order.paired
            )
        self.stream.weights(WeightUse(key, 0, len(self.owner.blobs[key])))
        self.stream.compute(emitted)

    def _streamed(self, order: WeightsOrder, emitted: Emitted) -> None:
        """The command stands between its first weights and the repetitions.

        So it is at work when they need room in the ring.
        """
        work, first, count = order.work, order.first_channel, order.channels
        key = BlobKey(work, first, count, "restreamed")
        if key not in self.owner.blobs:
            self.owner.blobs[key] = streamed_blob(work, first, count, self.config)
        sent = restream(work, order.streamed, self.config)
        rest = [sent.window] * sent.repeats + [sent.tail] * (sent.tail > 0)
        self.stream.weights(WeightUse(key, 0, sent.head + rest[0]))
        self.stream.compute(emitted)
        for size in rest[1:]:
            self.stream.weights(WeightUse(key, sent.head, size))
