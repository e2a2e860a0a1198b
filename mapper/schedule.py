"""The order of transfers and compute commands, layer by layer, tile by tile.

Loads for the next tile stand before the command that computes this one, and stores behind it, so
that the DMA works beside the array; `mapper.stream` finds what each command has to wait for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from hw.spec.commands import Command, Opcode
from hw.spec.npu_config import NpuConfig
from mapper.array import array_of
from mapper.arrival import Arrival, strips
from mapper.buffers import Slices
from mapper.emit import Emitted, Place, add_command, window_command
from mapper.residency import WorkPlan
from mapper.stream import CommandStream
from mapper.tile import Tile, input_region, output_extent, tiles
from mapper.transfer import Rectangle, copies
from mapper.weights import BlobKey, PackedWeights, WeightUse, restream, streamed_blob
from mapper.work import AddWork, Operand, Region, Shape, WindowWork, Work, operands


@dataclass
class Scheduler:
    """Emits layers into command streams.

    ``scratchpad`` has the address of each resident buffer, ``memory`` that of each buffer with a
    home in main memory, ``arrivals`` the network inputs that become resident. ``blobs`` collects
    the weights in order of first use, ``packed`` those of this network in all their layouts.
    """

    config: NpuConfig
    slices: Slices
    scratchpad: Mapping[str, int]
    memory: Mapping[str, int]
    arrivals: dict[str, Arrival]
    packed: PackedWeights
    blobs: dict[BlobKey, bytes] = field(default_factory=dict[BlobKey, bytes])
    stream: CommandStream = field(default_factory=CommandStream)

    def work(self, number: int, work: Work, plan: WorkPlan) -> int:
        """Emit all tiles of a work, and return how many; ``number`` tells works apart."""
        return _WorkScheduler(self, number, work, plan).run()

    def store(self, buffer: str, offset: int, size: int) -> None:
        """Copy bytes of a resident buffer to its home in main memory."""
        place = self.scratchpad[buffer] + offset
        self.transfer(Opcode.STORE, Rectangle.flat(self.memory[buffer] + offset, place, size))

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

    def __init__(self, owner: Scheduler, number: int, work: Work, plan: WorkPlan) -> None:
        self.owner, self.number, self.work, self.plan = owner, number, work, plan
        self.stream, self.config = owner.stream, owner.config
        self.array = array_of(owner.config)

    def run(self) -> int:
        """Emit all tiles; returns their number."""
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
            if following is not None and not ahead:
                self._load(following)
        return len(jobs)

    def _jobs(self) -> list[_Job]:
        """The tiles in order. A convolution's channel tiles share the input of their pixels."""
        copies = self.plan.tiling.copies
        jobs: list[_Job] = []
        loads = 0
        for index, tile in enumerate(self._tiles()):
            shared = isinstance(self.work, WindowWork) and not self.work.depthwise
            fresh = not (shared and jobs and jobs[-1].tile.region == tile.region)
            loads += fresh
            jobs.append(_Job(tile, (loads - 1) % copies, index % copies, fresh))
        return jobs

    def _tiles(self) -> Iterator[Tile]:
        """The tiles in order, in strips of rows while the input is still arriving."""
        work, tiling = self.work, self.plan.tiling
        if isinstance(work, WindowWork) and not any(self.plan.staged):
            found = self.owner.slices[work.input.tensor]
            arrival = self.owner.arrivals.get(found.buffer)
            if arrival is not None and arrival.arrived < arrival.bytes and found.offset == 0:
                for region in strips(work, tiling, arrival, self.array):
                    yield from tiles(replace(work, region=region), tiling)
                return
        yield from tiles(work, tiling)

    def _require(self, tile: Tile) -> None:
        for operand in operands(self.work)[0]:
            found = self.owner.slices[operand.tensor]
            arrival = self.owner.arrivals.get(found.buffer)
            if arrival is None:
                continue
            end = arrival.bytes
            if isinstance(self.work, WindowWork) and found.offset == 0:
                end = arrival.needed(self.work, tile.region)
            self.owner.require(found.buffer, end)

    def _place(self, operand: Operand, shape: Shape, region: Region, channel: int) -> Place:
        """A region of an operand in its buffer: in the scratchpad if it is resident."""
        found = self.owner.slices[operand.tensor]
        home = self.owner.scratchpad.get(found.buffer)
        base = self.owner.memory[found.buffer] if home is None else home
        start, pixel, row = operand.place(shape, found.pixel_pitch, found.row_pitch)
        start += found.offset + region.top * row + region.left * pixel + channel
        return Place(base + start, pixel, row)

    def _move(self, opcode: Opcode, home: Place, staging: int, shape: Shape) -> None:
        self.owner.transfer(opcode, Rectangle(home, staging, *shape))

    def _load(self, job: _Job) -> None:
        self._require(job.tile)
        tile, staging = job.tile, self.plan.staging[job.input_copy]
        if isinstance(self.work, AddWork):
            count = tile.region.cols
            for position, operand in enumerate((self.work.a, self.work.b)):
                if self.plan.staged[position]:
                    home = self._place(operand, output_extent(self.work), tile.region, 0)
                    self._move(Opcode.LOAD, home, staging[position], (1, 1, count))
            return
        if self.plan.staged[0] and job.fresh:
            home, shape = self._input(tile)
            self._move(Opcode.LOAD, home, staging[0], shape)

    def _input(self, tile: Tile) -> tuple[Place, Shape]:
        """Home and extent of the input of a tile."""
        assert isinstance(self.work, WindowWork)
        region = input_region(self.work, tile.region)
        first, channels = self.work.input_channels(tile.first_channel, tile.channels)
        home = self._place(self.work.input, self.work.input_shape, region, first)
        return home, (region.rows, region.cols, channels)

    def _output(self, tile: Tile) -> Place:
        shape = (
            output_extent(self.work) if isinstance(self.work, AddWork) else self.work.output_shape
        )
        return self._place(self.work.output, shape, tile.region, tile.first_channel)

    def _store(self, job: _Job) -> None:
        if not self.plan.staged[-1]:
            return
        tile = job.tile
        shape = (tile.region.rows, tile.region.cols, tile.channels)
        self._move(Opcode.STORE, self._output(tile), self._output_staging(job), shape)

    def _output_staging(self, job: _Job) -> int:
        """ADD writes over its first staged input."""
        if isinstance(self.work, AddWork) and (self.plan.staged[0] or self.plan.staged[1]):
            return self.plan.staging[job.input_copy][self.plan.staged.index(True)]
        return self.plan.staging[job.output_copy][-1]

    def _compute(self, job: _Job) -> None:
        if isinstance(self.work, AddWork):
            self._add(self.work, job)
            return
        tile, work, staged = job.tile, self.work, self.plan.staged
        source, (_, cols, channels) = self._input(tile)
        if staged[0]:
            source = Place(self.plan.staging[job.input_copy][0], channels, cols * channels)
        target = self._output(tile)
        if staged[1]:
            row = tile.region.cols * tile.channels
            target = Place(self._output_staging(job), tile.channels, row)
        emitted, arrangement = window_command(work, tile, source, target, self.array)
        if arrangement.stream and emitted.command["tiles"] > 1:
            self._streamed(work, tile, emitted)
            return
        kind = "paired" if arrangement.paired else "single"
        first, count, transposed = tile.first_channel, tile.channels, arrangement.transposed
        key = BlobKey(self.number, first, count, kind, transposed)
        if key not in self.owner.blobs:
            lying = work.turned if transposed else work
            self.owner.blobs[key] = self.owner.packed.replayed(
                lying, first, count, self.config, paired=arrangement.paired
            )
        self.stream.weights(WeightUse(key, 0, len(self.owner.blobs[key])))
        self.stream.compute(emitted)

    def _streamed(self, work: WindowWork, tile: Tile, emitted: Emitted) -> None:
        """The command stands between its first weights and the repetitions.

        So it is at work when they need room in the ring.
        """
        key = BlobKey(self.number, tile.first_channel, tile.channels, "restreamed")
        if key not in self.owner.blobs:
            self.owner.blobs[key] = streamed_blob(
                work, tile.first_channel, tile.channels, self.config
            )
        sent = restream(work, emitted.command["tiles"], self.config)
        rest = [sent.window] * sent.repeats + [sent.tail] * (sent.tail > 0)
        self.stream.weights(WeightUse(key, 0, sent.head + rest[0]))
        self.stream.compute(emitted)
        for size in rest[1:]:
            self.stream.weights(WeightUse(key, sent.head, size))

    def _add(self, work: AddWork, job: _Job) -> None:
        tile, staged = job.tile, self.plan.staged
        staging, count = self.plan.staging[job.input_copy], tile.region.cols
        addresses = [
            staging[i]
            if staged[i]
            else self._place(operand, output_extent(work), tile.region, 0).address
            for i, operand in enumerate((work.a, work.b))
        ]
        output = self._output_staging(job) if staged[2] else self._output(tile).address
        self.stream.compute(add_command(work, count, addresses[0], addresses[1], output))
