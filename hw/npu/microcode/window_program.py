"""The microprogram of CONV and DEPTHWISE."""

from __future__ import annotations

from tilewright.hw.npu.microcode.assembler import INDEXED, Assembler, In, Op, Out
from tilewright.hw.npu.microcode.sequences import add, field, next_command, put
from tilewright.hw.spec.commands import PARAMETER_WORDS, Opcode
from tilewright.hw.spec.npu_config import NpuConfig

OUTPUTS = 64
"""First of the registers with the output address of each column."""

_CONSTANTS = (
    "input_row_pitch", "x_start", "x_step", "row_step", "stride_rows", "kernel_rows",
    "dilation_rows",
    "output_pixel_pitch", "output_row_pitch", "output_cols", "channels",
)  # fmt: skip
"""Fields of a window command that stay in registers of their names."""

_PORTS = {
    "input_rows": Out.ROWS,
    "input_row_bytes": Out.ROW_BYTES,
    "pad_value": Out.PAD,
    "output_zero_point": Out.ZERO_POINT,
    "clamp_low": Out.LOW,
    "clamp_high": Out.HIGH,
}


def window_commands(a: Assembler, config: NpuConfig) -> None:
    """Tiles of neighbouring pixels; for each all blocks of channels: taps, then results."""
    _begin(a)
    _first_window(a)
    a.label("tile")
    put(a, Out.COLUMNS, config.cols)
    _columns(a)
    _convolution(a)
    _depthwise(a)
    _results(a)
    _next_block(a)


def _begin(a: Assembler) -> None:
    """The command's fields."""
    a.label(Opcode.CONV.name)
    field(a, Opcode.CONV, "run_bytes")
    a(Op.ST, "run")
    a(Op.LDI, 0)
    a(Op.JMP, "window")
    a.label(Opcode.DEPTHWISE.name)
    field(a, Opcode.DEPTHWISE, "kernel_cols")
    a(Op.ST, "run")
    field(a, Opcode.DEPTHWISE, "pixel_bytes")
    a(Op.ST, "pixel_bytes")
    a(Op.LDI, 1)
    a.label("window")
    a(Op.OUT, Out.MODE)
    a(Op.ST, "depthwise")
    for name in _CONSTANTS:
        field(a, Opcode.CONV, name)
        a(Op.ST, name)
    for name, port in _PORTS.items():
        field(a, Opcode.CONV, name)
        a(Op.OUT, port)
    add(a, "weights", 7)
    a(Op.ALIGN)
    a(Op.ST, "first_weights")


def _first_window(a: Assembler) -> None:
    """As many rows above the input as pad_top says."""
    field(a, Opcode.CONV, "input_address")
    a(Op.ADD, "x_start")
    a(Op.ST, "row_address")
    a(Op.ST, "address")
    field(a, Opcode.CONV, "pad_top")
    a(Op.ST, "y")
    a(Op.LDI, 0)
    a(Op.SUB, "y")
    a(Op.ST, "y")
    put(a, "x", "x_start")
    field(a, Opcode.CONV, "output_address")
    a(Op.ST, "output")
    a(Op.ST, "row_output")
    put(a, "cols_left", "output_cols")
    field(a, Opcode.CONV, "output_rows")
    a(Op.ST, "rows_left")


def _columns(a: Assembler) -> None:
    """The pixels of a tile, until the columns or the pixels are used up."""
    put(a, Out.INDEX, 0)
    a.label("column")
    put(a, Out.ADDRESS, "address")
    put(a, Out.X, "x")
    put(a, Out.Y, "y")
    a(Op.LD, "output")
    a(Op.ST, OUTPUTS | INDEXED)
    a(Op.NEXT)
    add(a, "cols_left", -1)
    a(Op.JZ, "row_ends")
    add(a, "address", "x_step")
    add(a, "x", "x_step")
    add(a, "output", "output_pixel_pitch")
    a(Op.JX, "column")
    a(Op.JMP, "tile_ends")
    a.label("row_ends")
    add(a, "row_address", "row_step")
    a(Op.ST, "address")
    put(a, "x", "x_start")
    add(a, "y", "stride_rows")
    add(a, "row_output", "output_row_pitch")
    a(Op.ST, "output")
    put(a, "cols_left", "output_cols")
    add(a, "rows_left", -1)
    a(Op.JZ, "tile_ends")
    a(Op.JX, "column")
    a.label("tile_ends")
    a(Op.COUNT)
    put(a, "weights", "first_weights")
    put(a, "channel", 0)
    a.label("block")
    put(a, "parameters", "weights")
    a(Op.ADI, 4 * PARAMETER_WORDS)
    a(Op.ST, "weights")
    a(Op.OUT, Out.FIRST)
    put(a, "kernel_rows_left", "kernel_rows")
    put(a, "row_offset", 0)
    put(a, "kernel_row", 0)
    a.label("kernel_row")
    a(Op.OUT, Out.Y_OFFSET)
    put(a, Out.TAIL, 0)
    put(a, "left", "run")
    a(Op.LD, "depthwise")
    a(Op.JNZ, "taps")


def _next_row(a: Assembler, done: str) -> None:
    """The next kernel row, if there is one."""
    add(a, "row_offset", "input_row_pitch")
    add(a, "kernel_rows_left", -1)
    a(Op.JZ, done)
    add(a, "kernel_row", "dilation_rows")
    a(Op.JMP, "kernel_row")


def _weight_words(a: Assembler, count: int) -> None:
    for word in range(count):
        a(Op.WEIGHTS, word)
        if word + 1 < count:
            a(Op.ADI, 4)


def _convolution(a: Assembler) -> None:
    """A kernel row: chunks of four bytes of the windows."""
    put(a, Out.OFFSET, "row_offset")
    put(a, Out.X_OFFSET, 0)
    a.label("chunk")
    add(a, "left", -4)
    a(Op.JN, "tail")
    a(Op.LD, "weights")
    _weight_words(a, 4)
    a(Op.ADI, 4)
    a(Op.ST, "weights")
    a(Op.MACS)
    a(Op.LD, "left")
    a(Op.JNZ, "chunk")
    a(Op.JMP, "run_ends")
    a.label("tail")
    a(Op.ADI, 4)
    a(Op.OUT, Out.TAIL)
    a(Op.ST, "left")
    a(Op.LD, "weights")
    _weight_words(a, 3)
    a(Op.LD, "weights")
    for _ in range(4):
        a(Op.ADD, "left")
    a(Op.ST, "weights")
    a(Op.MACS)
    a.label("run_ends")
    _next_row(a, "sums")


def _depthwise(a: Assembler) -> None:
    """A kernel row, tap by tap."""
    a.label("taps")
    put(a, "x_offset", "channel")
    a(Op.ADD, "row_offset")
    a(Op.ST, "offset")
    a.label("tap")
    put(a, Out.OFFSET, "offset")
    put(a, Out.X_OFFSET, "x_offset")
    a(Op.LD, "weights")
    a(Op.WEIGHTS, 4)
    a(Op.ADI, 4)
    a(Op.ST, "weights")
    a(Op.MACS)
    add(a, "offset", "pixel_bytes")
    add(a, "x_offset", "pixel_bytes")
    add(a, "left", -1)
    a(Op.JNZ, "tap")
    _next_row(a, "sums")


def _results(a: Assembler) -> None:
    """The sums of a block, row by row of the array."""
    a.label("sums")
    a(Op.SYNC)
    put(a, "row", 0)
    a.label("row")
    a(Op.OUT, Out.ROW)
    put(a, Out.INDEX, 0)
    a(Op.LD, "parameters")
    a(Op.ADD, "row")
    for byte in range(PARAMETER_WORDS):
        a(Op.PARAMETER)
        if byte + 1 < PARAMETER_WORDS:
            a(Op.ADI, 4)
    a(Op.IN, In.SCRATCHPAD)
    a(Op.ADD, "channel")
    a(Op.ADD, "row")
    a(Op.ST, "channel_address")
    a(Op.SYNC)
    a(Op.SCALE)
    a.label("pixel")
    a(Op.LD, OUTPUTS | INDEXED)
    a(Op.NEXT)
    a(Op.ADD, "channel_address")
    a(Op.PUT)
    a(Op.JX, "pixel")


def _next_block(a: Assembler) -> None:
    """The next row, block of channels, tile or command."""
    a(Op.LD, "channels")
    a(Op.SUB, "channel")
    a(Op.SUB, "row")
    a(Op.ADI, -1)
    a(Op.JZ, "channels_end")
    add(a, "row", 1)
    a(Op.ADI, -4)
    a(Op.JZ, "block_ends")
    a(Op.LD, "row")
    a(Op.JMP, "row")
    a.label("block_ends")
    add(a, "channel", 4)
    a(Op.JMP, "block")
    a.label("channels_end")
    a(Op.LD, "rows_left")
    a(Op.JNZ, "tile")
    a(Op.LD, "depthwise")
    a(Op.JNZ, "depthwise_ends")
    next_command(a, Opcode.CONV)
    a.label("depthwise_ends")
    next_command(a, Opcode.DEPTHWISE)
