"""Works of the LSTM unit: an LSTM over its time steps.

The products that depend on no state are one CONV over all steps of a tile, with results of int16;
then each step is a CONV of the hidden state and, for each batch, an LSTM. The channels of both
CONVs are the gates of a unit side by side, as the unit reads them. Where the weights of the hidden
state fit the ring, they stay there from the tile's first step to its last.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from tilewright.hw.spec.commands import LSTM_GATE_BYTES, LSTM_GATES, MAX_LEFT_SHIFT, Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.tile_shape import ring_bytes
from tilewright.hw.spec.timing import LSTM_CYCLES, LSTM_UNIT_CYCLES, WRITE_MARGIN
from tilewright.mapper.array.arrangement import Laid, lay
from tilewright.mapper.array.array import Array
from tilewright.mapper.array.cycles import array_cycles, block_tiles
from tilewright.mapper.memory import Span, align
from tilewright.mapper.works.geometry import (
    Operand,
    Part,
    Place,
    Region,
    Shape,
    Tile,
    Tiling,
    whole,
)
from tilewright.mapper.works.tilings import Group, parts, shares
from tilewright.mapper.works.window import WindowWork
from tilewright.mapper.works.work import Emitted, Work

_COMMAND_CYCLES = LSTM_CYCLES + WRITE_MARGIN + 2
"""From an LSTM's last read to the next command's start."""

_MOST_STEPS = 65535
_MOST_UNITS = 65535 // len(LSTM_GATES)


class CellFields(NamedTuple):
    """Fields of an LSTM that do not depend on where things lie."""

    cell_shift: int
    cell_low: int
    cell_high: int
    output_multiplier: int
    output_shift: int
    output_zero_point: int


class _Places(NamedTuple):
    """Where a tile's inputs and states lie, and the sums of its steps and of a step's state."""

    source: Place
    hidden: Place
    cell: Place
    next_hidden: Place
    next_cell: Place
    sums: Place
    recurrent: Place


@dataclass(frozen=True, eq=False, kw_only=True)
class LstmWork(Work):
    """An LSTM of ``source`` and two states to ``output`` and their next values.

    A row is a time step, a column a batch. ``products`` are those of the source's rows, with an
    image of all steps, ``recurrent`` those of the hidden state, with an image of one row.
    """

    takes_table: ClassVar[bool] = False

    source: Operand
    hidden: Operand
    cell: Operand
    output: Operand
    next_hidden: Operand
    next_cell: Operand
    products: WindowWork
    recurrent: WindowWork
    fields: CellFields

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """The rows and both states."""
        return (self.source, self.hidden, self.cell)

    @property
    def states(self) -> tuple[Operand, ...]:
        """The states' next values."""
        return (self.next_hidden, self.next_cell)

    @property
    def holds(self) -> bool:
        """Sums have no tensor that they belong to."""
        return True

    @property
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""
        return self.products.costs_key, self.recurrent.costs_key

    @property
    def _units(self) -> int:
        return self.recurrent.input_shape[2]

    @property
    def _batches(self) -> int:
        return self.recurrent.input_shape[1]

    @property
    def extent(self) -> Shape:
        """(time steps, batches, units)."""
        return (self.products.input_shape[0], self._batches, self._units)

    def objection(self, config: NpuConfig) -> str | None:
        """Why an accelerator of this configuration cannot do it; None when it can."""
        if config.microcode:
            return "control = microcode has no unit for LSTMs"
        if not config.recurrent_unit:
            return "there is no unit for LSTMs (recurrent_unit = false)"
        lanes, port = config.requantiser_lanes, config.port_bytes
        if not config.wide_results:
            return (
                f"results of int16 of requantiser_lanes = {lanes} need port_bytes of at least "
                f"{2 * lanes}, not {port}"
            )
        if self.fields.output_shift > MAX_LEFT_SHIFT:
            return (
                f"its result is shifted left by {self.fields.output_shift} bits, more than "
                f"{MAX_LEFT_SHIFT}"
            )
        if self._units > _MOST_UNITS:
            return f"{self._units} units exceed {_MOST_UNITS}"
        smallest = Tiling(1, self._batches, self._units)
        areas = self.staging_bytes(smallest, (True,) * 6) + self.held_bytes(smallest)
        least = sum(align(size, port) for size in areas)
        if least > config.scratchpad_bytes:
            return (
                f"a time step needs {least} bytes, more than scratchpad_bytes = "
                f"{config.scratchpad_bytes}"
            )
        works = (self.products, self.recurrent)
        return next(filter(None, (_objection(work, config) for work in works)), None)

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """Some time steps each."""
        steps, batches, units = self.extent
        copies = (1, 2) if any(staged) else (1,)
        return [Group(shares(steps, _MOST_STEPS), [batches], [units], copies)]

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging area of each operand."""
        rows = min(tiling.rows, self.extent[0])
        sizes = (
            (rows if position in (0, 3) else 1) * shape[1] * shape[2]
            for position, shape in enumerate(map(self.image, range(6)))
        )
        return tuple(n * is_staged for n, is_staged in zip(sizes, staged, strict=True))

    def held_bytes(self, tiling: Tiling) -> tuple[int, ...]:
        """What is stored; sums of the inputs of a tile's steps, and of one step's hidden state."""
        row = self._batches * self._units * LSTM_GATE_BYTES
        return (*super().held_bytes(tiling), min(tiling.rows, self.extent[0]) * row, row)

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus; each tile loads the states."""
        tiles = -(-self.extent[0] // tiling.rows)
        moved = 0
        for position, is_staged in enumerate(staged):
            rows, cols, channels = self.image(position)
            times = tiles if position in (1, 2) else 1
            moved += is_staged * times * rows * cols * channels
        return moved

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """(cycles, bytes of weights) of all commands, or of those of a region of the output."""
        step, kept = self._step(array)
        cells = self._cell_cycles
        once, each = (step.weight_bytes, 0) if kept else (0, step.weight_bytes)
        steps = self.extent[0] if region is None else region.rows
        cycles, weights = 0, 0
        for rows, count in parts(steps, tiling.rows):
            products = _laid(self.products, Region(0, 0, rows, self._batches), array)
            cycles += count * (products.cycles + rows * (step.cycles + cells))
            weights += count * (products.weight_bytes + once + rows * each)
        return cycles, weights

    def _step(self, array: Array) -> tuple[Laid, bool]:
        """The products of a step's hidden state, and whether their weights stay in the ring."""
        image = self.recurrent.input_shape
        pitches = image[2], image[1] * image[2]
        laid = _laid(self.recurrent, whole(image), array)
        window = self.recurrent.window(whole(image), self.recurrent.output_shape[2], *pitches)
        ring, least = array.weight_buffer_bytes, array_cycles(window, laid.arrangement, array)
        fits = align(laid.weight_bytes, array.weight_memory_bytes) <= ring
        if fits and block_tiles(window, laid.arrangement, array) == 1:
            return laid._replace(cycles=least), True
        # While the cells are at work, the ring is filled.
        ahead = min(ring // array.bus_bytes, self._cell_cycles)
        return laid._replace(cycles=max(laid.cycles - ahead, least)), False

    @property
    def _cell_cycles(self) -> int:
        """Of the LSTMs of a step."""
        return self._batches * (LSTM_UNIT_CYCLES * self._units + _COMMAND_CYCLES)

    def image(self, position: int) -> Shape:
        """Source and output have a row for each step, states one; the cell's are of two bytes."""
        steps, batches, units = self.extent
        if position in (0, 3):
            return (steps, batches, units if position else self.products.input_shape[2])
        return (1, batches, 2 * units if position in (2, 5) else units)

    def part(self, position: int, tile: Tile) -> Part:
        """A tile's rows of the source and the output, and all of a state."""
        image = self.image(position)
        return Part(tile.region if position in (0, 3) else whole(image), 0, image[2])

    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """The products of all steps of the tile, then step by step those of the state and LSTMs."""
        places = _Places(*sources)
        channels = self.products.output_shape[2]
        sums = self._rows_of_sums(places.sums.address)
        products = Tile(tile.region, 0, channels)
        commands = self.products.emit(products, [places.source], sums, array)
        for row in range(tile.region.rows):
            first = tile.region.top + row == 0
            before = places.hidden if first else places.next_hidden
            commands += self._recurrent(row, tile.region.rows, before, places.recurrent, array)
            cell = places.cell if first else places.next_cell
            commands += self._cells(row, cell, places, target)
        return commands

    def _rows_of_sums(self, address: int) -> Place:
        pixel = LSTM_GATE_BYTES * self._units
        return Place(address, pixel, self._batches * pixel)

    def _recurrent(
        self, row: int, rows: int, hidden: Place, target: Place, array: Array
    ) -> Iterator[Emitted]:
        """The CONV of a step; its weights stay for all steps but the last where they can."""
        image = self.recurrent.input_shape
        source = Place(hidden.address, image[2], image[1] * image[2])
        tile = Tile(whole(image), 0, self.recurrent.output_shape[2])
        sums = self._rows_of_sums(target.address)
        for emitted in self.recurrent.emit(tile, [source], sums, array):
            if not self._step(array)[1]:
                yield emitted
                continue
            keep = {"keep": int(row < rows - 1)}
            command = Command(Opcode.CONV, {**emitted.command.values, **keep})
            yield emitted._replace(command=command, weights=None if row else emitted.weights)

    def _cells(self, row: int, cell: Place, places: _Places, target: Place) -> Iterator[Emitted]:
        """An LSTM for each batch."""
        units = self._units
        sums, recurrent = (
            self._rows_of_sums(place.address) for place in (places.sums, places.recurrent)
        )
        for batch in range(self._batches):
            reads = {
                "input": (sums.address + row * sums.row_pitch + batch * sums.pixel_pitch, 8),
                "recurrent": (recurrent.address + batch * recurrent.pixel_pitch, 8),
                "cell": (cell.address + 2 * batch * units, 2),
            }
            output = target.address + row * target.row_pitch + batch * target.pixel_pitch
            writes = {
                "next_cell": (places.next_cell.address + 2 * batch * units, 2),
                "hidden": (places.next_hidden.address + batch * units, 1),
                "output": (output, 1),
            }
            values = {"units": units, "clamp_low": -128, "clamp_high": 127}
            values |= self.fields._asdict()
            values |= {f"{name}_address": at for name, (at, _) in (reads | writes).items()}
            yield Emitted(
                Command(Opcode.LSTM, values),
                tuple(_span(*place, units) for place in reads.values()),
                tuple(_span(*place, units) for place in writes.values()),
            )


def _span(address: int, size: int, units: int) -> Span:
    return (address, address + size * units)


def _laid(work: WindowWork, region: Region, array: Array) -> Laid:
    """Products of a dense image."""
    _, cols, channels = work.input_shape
    return lay(work.window(region, work.output_shape[2], channels, cols * channels), array)


def _objection(work: WindowWork, config: NpuConfig) -> str | None:
    needed = ring_bytes(work.weights.shape[1], config, paired=False)
    if needed > config.weight_buffer_bytes:
        return (
            f"a block of its weights needs {needed} bytes, more than weight_buffer_bytes = "
            f"{config.weight_buffer_bytes}"
        )
    return work.objection(config)
