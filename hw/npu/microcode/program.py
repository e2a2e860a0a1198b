"""The microprogram: what each command of hw.spec.commands does.

Commands are taken in order, each to its end. CONV and DEPTHWISE walk tiles of neighbouring output
pixels, across row ends, a pixel a column; for each tile all blocks of channels; for each block all
taps of the windows, then the results. Weights are read where they lie in main memory: WEIGHTS says
where, and each command goes on behind the one before.
"""

from __future__ import annotations

from hw.npu.microcode.assembler import INDEXED, Assembler, In, Op, Out, Size, Write
from hw.spec.commands import BODY, LENGTH, PARAMETER_WORDS, Opcode
from hw.spec.config import NpuConfig
from hw.spec.profile import RECORD, RECORD_WORDS

OUTPUTS = 64
"""First of the registers with the output address of each column."""

_SIZES = {8: Size.BYTE, 16: Size.HALF}


def microprogram(config: NpuConfig) -> list[int]:
    """Words of the ROM."""
    a = Assembler()
    a.label("idle")
    a(Op.HALT)
    a(Op.IN, In.COMMANDS)
    a(Op.ST, "command")
    _dispatch(a)
    _memory_commands(a)
    _mark(a)
    _window(a, config)
    _columns(a)
    _convolution(a)
    _depthwise(a)
    _results(a)
    if len(a.registers) > OUTPUTS:
        raise ValueError("too many registers")
    return a.words()


def _field(a: Assembler, opcode: Opcode, name: str) -> None:
    """A = a field of the command at hand."""
    found = next(field for field in BODY[opcode] if field.name == name)
    a(Op.LD, "command")
    a(Op.ADI, 4 * found.word + found.lsb // 8)
    a(Op.READ, _SIZES.get(found.width, Size.WORD))


def _add(a: Assembler, register: str, step: int | str) -> None:
    a(Op.LD, register)
    a(*((Op.ADD, step) if isinstance(step, str) else (Op.ADI, step)))
    a(Op.ST, register)


def _set(a: Assembler, target: Out | str, value: int | str) -> None:
    a(*((Op.LD, value) if isinstance(value, str) else (Op.LDI, value)))
    a(*((Op.ST, target) if isinstance(target, str) else (Op.OUT, target)))


def _dispatch(a: Assembler) -> None:
    a.label("fetch")
    a(Op.LD, "command")
    a(Op.READ, Size.BYTE)
    before = 0
    for opcode in (*(code for code in Opcode if code is not Opcode.ADD),):
        a(Op.ADI, before - opcode)
        a(Op.JZ, opcode.name)
        before = opcode
    a(Op.ERROR)
    a(Op.JMP, "idle")
    a.label(Opcode.END.name)
    a(Op.END)
    a(Op.JMP, "idle")


def _ends(a: Assembler, opcode: Opcode) -> None:
    _add(a, "command", 4 * LENGTH[opcode])
    a(Op.JMP, "fetch")


def _memory_commands(a: Assembler) -> None:
    a.label(Opcode.WEIGHTS.name)
    _field(a, Opcode.WEIGHTS, "memory_address")
    a(Op.ST, "weights")
    _ends(a, Opcode.WEIGHTS)
    for opcode, ends in ((Opcode.LOAD, ("source", "target")), (Opcode.STORE, ("target", "source"))):
        a.label(opcode.name)
        for end, place in zip(ends, ("memory", "scratchpad"), strict=True):
            _field(a, opcode, f"{place}_address")
            a(Op.ST, end)
            _field(a, opcode, f"{place}_pitch")
            a(Op.ST, f"{end}_pitch")
        a(Op.IN, In.SCRATCHPAD)
        a(Op.ADD, ends[1])
        a(Op.ST, ends[1])
        if opcode is Opcode.LOAD:
            a(Op.JMP, "copy")
    _copy(a)


def _copy(a: Assembler) -> None:
    """Rows of bytes, one at a time."""
    a.label("copy")
    _field(a, Opcode.LOAD, "row_bytes")
    a(Op.ST, "row_bytes")
    a(Op.JZ, "copied")
    _field(a, Opcode.LOAD, "rows")
    a(Op.JZ, "copied")
    a.label("copy_row")
    a(Op.ST, "rows")
    _set(a, "from", "source")
    _set(a, "to", "target")
    _set(a, "left", "row_bytes")
    a.label("copy_byte")
    a(Op.LD, "from")
    a(Op.READ, Size.BYTE)
    a(Op.OUT, Out.DATA)
    a(Op.LD, "to")
    a(Op.WRITE, Write.BYTE)
    a(Op.ADI, 1)
    a(Op.ST, "to")
    _add(a, "from", 1)
    _add(a, "left", -1)
    a(Op.JNZ, "copy_byte")
    _add(a, "source", "source_pitch")
    _add(a, "target", "target_pitch")
    a(Op.LD, "rows")
    a(Op.ADI, -1)
    a(Op.JNZ, "copy_row")
    a.label("copied")
    _ends(a, Opcode.LOAD)


def _mark(a: Assembler) -> None:
    """A record of the layer and the time; what is not counted is zero."""
    a.label(Opcode.MARK.name)
    _set(a, Out.DATA, 0)
    _set(a, "left", RECORD_WORDS)
    a(Op.IN, In.PROFILE)
    a.label("record")
    a(Op.WRITE, Write.WORD)
    a(Op.ADI, 4)
    a(Op.ST, "to")
    _add(a, "left", -1)
    a(Op.JZ, "recorded")
    a(Op.LD, "to")
    a(Op.JMP, "record")
    a.label("recorded")
    for byte in range(2):
        a(Op.LD, "command")
        a(Op.ADI, 4 + byte)
        a(Op.READ, Size.BYTE)
        a(Op.OUT, Out.DATA)
        a(Op.IN, In.PROFILE)
        a(Op.ADI, 4 * RECORD.index("layer") + byte)
        a(Op.WRITE, Write.BYTE)
    a(Op.IN, In.PROFILE)
    a(Op.ADI, 4 * RECORD.index("time"))
    a(Op.WRITE, Write.TIME)
    a(Op.LD, "to")
    a(Op.OUT, Out.PROFILE)
    _ends(a, Opcode.MARK)


_CONSTANTS = (
    "input_row_pitch", "x_start", "x_step", "row_step", "stride_rows", "kernel_rows",
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


def _window(a: Assembler, config: NpuConfig) -> None:
    a.label(Opcode.CONV.name)
    _field(a, Opcode.CONV, "run_bytes")
    a(Op.ST, "run")
    a(Op.LDI, 0)
    a(Op.JMP, "window")
    a.label(Opcode.DEPTHWISE.name)
    _field(a, Opcode.DEPTHWISE, "kernel_cols")
    a(Op.ST, "run")
    _field(a, Opcode.DEPTHWISE, "pixel_bytes")
    a(Op.ST, "pixel_bytes")
    a(Op.LDI, 1)
    a.label("window")
    a(Op.OUT, Out.MODE)
    a(Op.ST, "depthwise")
    for name in _CONSTANTS:
        _field(a, Opcode.CONV, name)
        a(Op.ST, name)
    for name, port in _PORTS.items():
        _field(a, Opcode.CONV, name)
        a(Op.OUT, port)
    _add(a, "weights", 7)
    a(Op.ALIGN)
    a(Op.ST, "first_weights")
    # The first window: as many rows above the input as pad_top says.
    _field(a, Opcode.CONV, "input_address")
    a(Op.ADD, "x_start")
    a(Op.ST, "row_address")
    _set(a, "y", 0)
    _field(a, Opcode.CONV, "pad_top")
    a.label("above")
    a(Op.JZ, "origin")
    a(Op.ADI, -1)
    a(Op.ST, "left")
    a(Op.LD, "row_address")
    a(Op.SUB, "input_row_pitch")
    a(Op.ST, "row_address")
    _add(a, "y", -1)
    a(Op.LD, "left")
    a(Op.JMP, "above")
    a.label("origin")
    _set(a, "address", "row_address")
    _set(a, "x", "x_start")
    _field(a, Opcode.CONV, "output_address")
    a(Op.ST, "output")
    a(Op.ST, "row_output")
    _set(a, "cols_left", "output_cols")
    _field(a, Opcode.CONV, "output_rows")
    a(Op.ST, "rows_left")
    a.label("tile")
    _set(a, Out.COLUMNS, config.cols)


def _columns(a: Assembler) -> None:
    """The pixels of a tile, until the columns or the pixels are used up."""
    _set(a, Out.INDEX, 0)
    a.label("column")
    _set(a, Out.ADDRESS, "address")
    _set(a, Out.X, "x")
    _set(a, Out.Y, "y")
    a(Op.LD, "output")
    a(Op.ST, OUTPUTS | INDEXED)
    a(Op.NEXT)
    _add(a, "cols_left", -1)
    a(Op.JZ, "row_ends")
    _add(a, "address", "x_step")
    _add(a, "x", "x_step")
    _add(a, "output", "output_pixel_pitch")
    a(Op.JX, "column")
    a(Op.JMP, "tile_ends")
    a.label("row_ends")
    _add(a, "row_address", "row_step")
    a(Op.ST, "address")
    _set(a, "x", "x_start")
    _add(a, "y", "stride_rows")
    _add(a, "row_output", "output_row_pitch")
    a(Op.ST, "output")
    _set(a, "cols_left", "output_cols")
    _add(a, "rows_left", -1)
    a(Op.JZ, "tile_ends")
    a(Op.JX, "column")
    a.label("tile_ends")
    a(Op.COUNT)
    _set(a, "weights", "first_weights")
    _set(a, "channel", 0)
    a.label("block")
    _set(a, "parameters", "weights")
    a(Op.ADI, 4 * PARAMETER_WORDS)
    a(Op.ST, "weights")
    a(Op.OUT, Out.FIRST)
    _set(a, "kernel_rows_left", "kernel_rows")
    _set(a, "row_offset", 0)
    _set(a, "kernel_row", 0)
    a.label("kernel_row")
    a(Op.OUT, Out.Y_OFFSET)
    _set(a, Out.TAIL, 0)
    _set(a, "left", "run")
    a(Op.LD, "depthwise")
    a(Op.JNZ, "taps")


def _next_row(a: Assembler, done: str) -> None:
    """The next kernel row, if there is one."""
    _add(a, "row_offset", "input_row_pitch")
    _add(a, "kernel_rows_left", -1)
    a(Op.JZ, done)
    _add(a, "kernel_row", 1)
    a(Op.JMP, "kernel_row")


def _weight_words(a: Assembler, count: int) -> None:
    for word in range(count):
        a(Op.WEIGHTS, word)
        if word + 1 < count:
            a(Op.ADI, 4)


def _convolution(a: Assembler) -> None:
    """A kernel row: chunks of four bytes of the windows."""
    _set(a, Out.OFFSET, "row_offset")
    _set(a, Out.X_OFFSET, 0)
    a.label("chunk")
    _add(a, "left", -4)
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
    _set(a, "x_offset", "channel")
    a(Op.ADD, "row_offset")
    a(Op.ST, "offset")
    a.label("tap")
    _set(a, Out.OFFSET, "offset")
    _set(a, Out.X_OFFSET, "x_offset")
    a(Op.LD, "weights")
    a(Op.WEIGHTS, 4)
    a(Op.ADI, 4)
    a(Op.ST, "weights")
    a(Op.MACS)
    _add(a, "offset", "pixel_bytes")
    _add(a, "x_offset", "pixel_bytes")
    _add(a, "left", -1)
    a(Op.JNZ, "tap")
    _next_row(a, "sums")


def _results(a: Assembler) -> None:
    """The sums of a block, row by row of the array."""
    a.label("sums")
    a(Op.SYNC)
    _set(a, "row", 0)
    a.label("row")
    a(Op.OUT, Out.ROW)
    _set(a, Out.INDEX, 0)
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
    a(Op.LD, "channels")
    a(Op.SUB, "channel")
    a(Op.SUB, "row")
    a(Op.ADI, -1)
    a(Op.JZ, "channels_end")
    _add(a, "row", 1)
    a(Op.ADI, -4)
    a(Op.JZ, "block_ends")
    a(Op.LD, "row")
    a(Op.JMP, "row")
    a.label("block_ends")
    _add(a, "channel", 4)
    a(Op.JMP, "block")
    a.label("channels_end")
    a(Op.LD, "rows_left")
    a(Op.JNZ, "tile")
    a(Op.LD, "depthwise")
    a(Op.JNZ, "depthwise_ends")
    _ends(a, Opcode.CONV)
    a.label("depthwise_ends")
    _ends(a, Opcode.DEPTHWISE)
