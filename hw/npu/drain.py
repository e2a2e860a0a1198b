"""The drain: takes finished tiles from the array's shadow registers to the requantiser.

A tile is read pixel by pixel, ``requantiser_lanes`` channels a cycle. The next tile may end
(and overwrite the shadow registers) as soon as what is left will have been read by then.
"""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from hw.npu.array import CAPTURE_LATENCY
from hw.npu.command_view import COMMAND_LAYOUT, CommandView, opcode_of
from hw.npu.mac_control import ParameterWrite, TileLayout
from hw.npu.requantiser import RequantiserInput
from hw.spec.commands import ADDRESS_BITS, Opcode
from hw.spec.config import NpuConfig


class Drain(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` is stable from then on.
    parameters: requantisation parameters of the blocks, two sets in turn.
    tile: announced with its last step; ready: whether one may be announced.
    capture: pulse, the tile stands in the shadow registers from the next cycle on.
    results: of the column in turn (``accumulator_bits`` a row); shift: to the next column.
    output: to the requantiser; busy: a tile is announced or being read.
    reading: a bit for each parameter set that is in use.
    channels: output channels of the block at work.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        self._beats = -(-config.rows // config.requantiser_lanes)
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "parameters": In(ParameterWrite(config)),
                "tile": In(TileLayout(config)),
                "ready": Out(1),
                "capture": In(1),
                "results": In(config.accumulator_bits * config.rows),
                "shift": Out(1),
                "output": Out(RequantiserInput(config)),
                "busy": Out(1),
                "reading": Out(2),
                "channels": Out(range(config.rows + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        conv = CommandView(self.command, Opcode.CONV)
        waiting = Signal(TileLayout(config))
        active = Signal()
        left = Signal(range(config.cols * self._beats + 1))
        beat = Signal(range(self._beats))
        beats = Signal(range(self._beats + 1))
        last_beat = Signal()
        channels_left = Signal(16)
        m.d.comb += [
            self.channels.eq(Mux(channels_left < config.rows, channels_left, config.rows)),
            beats.eq(sum(self.channels > k * config.requantiser_lanes for k in range(self._beats))),
            last_beat.eq(beat == beats - 1),
            self.ready.eq(~waiting.valid & (~active | (left <= CAPTURE_LATENCY))),
            self.busy.eq(waiting.valid | active),
            self.shift.eq(active & last_beat),
        ]
        at_work = Signal(TileLayout(config))
        m.d.comb += self.reading.eq(Mux(active, 1 << at_work.parameter_set, 0))
        with m.If(self.tile.valid):
            m.d.sync += waiting.eq(self.tile)
        with m.If(active):
            m.d.sync += left.eq(left - 1)
            m.d.sync += beat.eq(Mux(last_beat, 0, beat + 1))
            with m.If(left == 1):
                m.d.sync += active.eq(0)
        self._track(m, conv, at_work, active & last_beat, active & (left == 1), channels_left)
        following_channels = Mux(
            active & (left == 1) & at_work.ends_block, channels_left - config.rows, channels_left
        )
        following_beats = sum(
            following_channels > k * config.requantiser_lanes for k in range(self._beats)
        )
        with m.If(self.capture):
            m.d.sync += [
                active.eq(1),
                at_work.eq(waiting),
                waiting.valid.eq(0),
                left.eq(waiting.pixels * following_beats),
                beat.eq(0),
            ]
        with m.If(self.start):
            m.d.sync += channels_left.eq(conv["channels"])
        self._present(m, active, beat, at_work)
        return m

    def _track(
        self,
        m: Module,
        conv: CommandView,
        at_work: data.View[TileLayout],
        pixel_ends: Value,
        tile_ends: Value,
        channels_left: Signal,
    ) -> None:
        """Where the pixel at work is written."""
        dw = CommandView(self.command, Opcode.DEPTHWISE)
        depthwise = opcode_of(self.command) == Opcode.DEPTHWISE
        block, strip, row = (Signal(ADDRESS_BITS, name=n) for n in ("block", "strip", "row"))
        self._address = Signal(ADDRESS_BITS)
        col = Signal(16)
        next_row = row + conv["output_row_pitch"]
        next_strip = strip + dw["strip_output_step"]
        next_block = block + self._config.rows

        def restart(address: Value) -> None:
            m.d.sync += [row.eq(address), self._address.eq(address), col.eq(0)]

        with m.If(self.start):
            m.d.sync += [block.eq(conv["output_address"]), strip.eq(conv["output_address"])]
            restart(conv["output_address"])
        with m.Elif(tile_ends & at_work.ends_block):
            m.d.sync += [block.eq(next_block), strip.eq(next_block)]
            m.d.sync += channels_left.eq(channels_left - self._config.rows)
            restart(next_block)
        with m.Elif(tile_ends & depthwise & at_work.ends_strip):
            m.d.sync += strip.eq(next_strip)
            restart(next_strip)
        with m.Elif(Mux(depthwise, tile_ends, pixel_ends & (col == conv["output_cols"] - 1))):
            restart(next_row)
        with m.Elif(pixel_ends):
            m.d.sync += self._address.eq(self._address + conv["output_pixel_pitch"])
            m.d.sync += col.eq(col + 1)

    def _present(
        self, m: Module, active: Signal, beat: Signal, at_work: data.View[TileLayout]
    ) -> None:
        config = self._config
        lanes, bits = config.requantiser_lanes, config.accumulator_bits
        biases, multipliers, shifts = self._parameter_registers(m, at_work.parameter_set)
        m.d.comb += self.output.valid.eq(active)
        m.d.comb += self.output.address.eq(self._address + beat * lanes)
        for lane in range(lanes):
            rows = [beat_ * lanes + lane for beat_ in range(self._beats)]
            rows = [row if row < config.rows else config.rows - 1 for row in rows]
            target = self.output.lanes[lane]
            index = Const(lane) + beat * lanes
            results = [self.results.word_select(row, bits).as_signed() for row in rows]
            m.d.comb += [
                self.output.mask[lane].eq(index < self.channels),
                target.value.eq(Array(results)[beat]),
                target.bias.eq(Array(biases[row] for row in rows)[beat]),
                target.multiplier.eq(Array(multipliers[row] for row in rows)[beat]),
                target.shift.eq(Array(shifts[row] for row in rows)[beat]),
            ]

    def _parameter_registers(
        self, m: Module, chosen: Value
    ) -> tuple[list[Value], list[Value], list[Value]]:
        """Both sets' registers and their writes; returns the chosen set's values by row."""
        config, write = self._config, self.parameters
        biases, multipliers, shifts = [], [], []
        for row in range(config.rows):
            sets = [Signal(72, name=f"parameters_{row}_{s}") for s in range(2)]
            byte = write.data.word_select(row, 8)
            for number, register in enumerate(sets):
                with m.If(write.valid & (write.set == number)), m.Switch(write.plane):
                    for plane in range(9):
                        with m.Case(plane):
                            m.d.sync += register.word_select(plane, 8).eq(byte)
            value = Signal(72, name=f"parameters_{row}")
            m.d.comb += value.eq(Mux(chosen, sets[1], sets[0]))
            biases.append(value[:32].as_signed())
            multipliers.append(value[32:63])
            shifts.append(value[64:72].as_signed())
        return biases, multipliers, shifts
