"""What the feeder needs of a command, in registers: each loop's length and steps.

Fields that CONV and DEPTHWISE have at the same place and with the same meaning are not here.
"""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView, opcode_of
from tilewright.hw.spec.commands import ADDRESS_BITS, Opcode
from tilewright.hw.spec.npu_config import NpuConfig


class MultiplesLayout(data.ArrayLayout):
    """``[k]``: k x ``x_step`` modulo two words, k up to ``cols``.

    Exact for pixels whose windows lie in one word, and for the step from such a group to the next.
    """

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(exact_log2(config.port_bytes) + 1, config.cols + 1)


def sources_of(row: int) -> list[int]:
    """Bytes that row ``row`` of a pixel takes with some channel multiplier, in order."""
    return sorted({row // multiplier for multiplier in range(1, row + 2)})


class SourcesLayout(data.StructLayout):
    """Members ``0``, ``1``, ...: numbers in `sources_of` a row."""

    def __init__(self, config: NpuConfig) -> None:
        rows = range(config.depthwise_bytes)
        super().__init__({str(row): range(len(sources_of(row))) for row in rows})


class LoopsLayout(data.StructLayout):
    """Constants of a command.

    ``depthwise``; ``shared``: two columns take the same pixel of a convolution;
    ``grouped``: a read serves more than one pixel, up to ``group``.
    ``block_step``: bytes from block to block of channels. ``sources``: for each byte of a
    depthwise pixel the number of its source among `sources_of` it.
    ``double``, ``overlap``: columns that a strip spans: pixels, or twice as many, + overlap.
    ``tile_length``, ``tile_piece``: tiles: pixels of the output in pieces of a tile, or rows.
    ``row_step``, ``rows``: bytes and input rows from a row of windows to the next one's.
    ``run_length``, ``run_piece``, ``word_step``: slots of a run: bytes in pieces of a word, or
    taps; bytes from slot to slot. ``kernel_cols``, ``kernel_rows``: runs of a kernel row, and
    kernel rows; ``dilation``: input rows from one to the next.
    ``column_step``: bytes from a full group of columns to the next one.
    ``read_size``: bytes of a read where ``alike``: grouped and depthwise reads are all of one size.
    """

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {
                "depthwise": 1,
                "shared": 1,
                "grouped": 1,
                "alike": 1,
                "group": range(config.cols + 1),
                "block_step": range(2 * config.rows + 1),
                "sources": SourcesLayout(config),
                "double": 1,
                "overlap": signed(9),
                "tile_length": 24,
                "tile_piece": range(config.cols + 1),
                "row_step": ADDRESS_BITS,
                "rows": 8,
                "run_length": ADDRESS_BITS,
                "run_piece": range(config.port_bytes + 1),
                "word_step": ADDRESS_BITS,
                "kernel_cols": 8,
                "kernel_rows": 8,
                "dilation": 8,
                "column_step": ADDRESS_BITS,
                "read_size": range(config.port_bytes + 1),
                "multiples": MultiplesLayout(config),
            }
        )


class FeederDecode(Component):
    """Decodes ``command``, CONV or DEPTHWISE, into ``loops``.

    One cycle after the command ``loops`` is right, except for ``column_step``: after two.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__({"command": In(COMMAND_LAYOUT), "loops": Out(LoopsLayout(config))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, loops = self._config, self.loops
        conv = CommandView(self.command, Opcode.CONV)
        dw = CommandView(self.command, Opcode.DEPTHWISE)
        depthwise, window, double = Signal(), Signal(), Signal()
        m.d.comb += [
            depthwise.eq(opcode_of(self.command) == Opcode.DEPTHWISE),
            window.eq(depthwise & ~dw["tapwise"]),
            double.eq(window & (dw["stride_cols"] == 2)),
        ]
        channels = Mux(conv["paired"], 2 * config.rows, config.rows)
        m.d.sync += [
            loops.depthwise.eq(depthwise),
            loops.shared.eq(~depthwise & conv["paired"]),
            loops.grouped.eq(~depthwise & (conv["group"] != 1)),
            loops.alike.eq(depthwise | (conv["group"] != 1)),
            loops.group.eq(Mux(depthwise, 1, conv["group"])),
            loops.block_step.eq(Mux(depthwise, dw["block_step"], 0)),
            loops.run_length.eq(
                Mux(depthwise, Mux(window, 1, dw["kernel_cols"]), conv["run_bytes"])
            ),
            loops.run_piece.eq(Mux(depthwise, 1, config.port_bytes)),
            loops.word_step.eq(Mux(depthwise, dw["pixel_bytes"], config.port_bytes)),
            loops.kernel_cols.eq(Mux(depthwise, 1, conv["kernel_cols"])),
            loops.kernel_rows.eq(Mux(window, 1, conv["kernel_rows"])),
            loops.dilation.eq(conv["dilation_rows"]),
            loops.read_size.eq(Mux(depthwise, channels, config.port_bytes)),
        ]
        self._tiles(m, depthwise, window, double)
        self._sources(m, Mux(depthwise, dw["multiplier"], 1))
        self._column_steps(m, Mux(window, dw["pixel_bytes"], conv["x_step"]), conv["x_step"])
        return m

    def _tiles(self, m: Module, depthwise: Signal, window: Signal, double: Signal) -> None:
        """Tiles; a window's are all input rows under a strip's pixels."""
        config, loops = self._config, self.loops
        conv = CommandView(self.command, Opcode.CONV)
        dw = CommandView(self.command, Opcode.DEPTHWISE)
        stride = Mux(double, 2, 1)
        rows = conv["output_rows"]
        input_rows = Mux(double, rows << 1, rows) + conv["kernel_rows"] - stride
        pixels = Mux(conv["paired"], config.paired_pixels, config.cols)
        m.d.sync += [
            loops.double.eq(double),
            loops.overlap.eq(Mux(window, dw["kernel_cols"] - stride, 0)),
            loops.tile_length.eq(Mux(depthwise, Mux(window, input_rows, rows), conv["pixels"])),
            loops.tile_piece.eq(Mux(depthwise, 1, pixels)),
            loops.row_step.eq(Mux(window, conv["input_row_pitch"], conv["row_step"])),
            loops.rows.eq(Mux(window, 1, conv["stride_rows"])),
        ]

    def _sources(self, m: Module, multiplier: Value) -> None:
        """The byte of a pixel that each row's channel takes: row r // multiplier."""
        for row in range(self._config.depthwise_bytes):
            source = self.loops.sources[str(row)]
            found = sources_of(row)
            with m.Switch(multiplier):
                for number in range(1, row + 1):
                    with m.Case(number):
                        m.d.sync += source.eq(found.index(row // number))
                with m.Default():
                    m.d.sync += source.eq(0)

    def _column_steps(self, m: Module, column_step: Value, x_step: Value) -> None:
        """Multiples by doubling and adding: no multiplier is needed for so few bits."""
        loops = self.loops
        width = Shape.cast(loops.multiples[0].shape()).width
        multiples = [Const(0, width), x_step[:width]]
        for k in range(2, self._config.cols + 1):
            multiple = Signal(width, name=f"multiple_{k}")
            m.d.comb += multiple.eq((multiples[k // 2] << 1) + (multiples[1] if k % 2 else 0))
            multiples.append(multiple)
        for k, multiple in enumerate(multiples):
            m.d.sync += loops.multiples[k].eq(multiple)
        group_step = Array(list(loops.multiples))[loops.group]
        m.d.sync += loops.column_step.eq(Mux(loops.grouped, group_step, column_step))
