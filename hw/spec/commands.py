"""The NPU's command set: what the mapper emits, the sequencer executes, the model interprets.

A program is a list of commands in main memory, 32-bit little-endian words. Word 0 of every
command holds the opcode, its length in words and a wait count. The sequencer takes commands in
order and hands each to one of three queues, which run side by side:

- weights (WEIGHTS): streams from main memory into the weight ring, as far as it has room;
- transfers (LOAD, STORE): scratchpad from and to main memory;
- compute (CONV, DEPTHWISE, ELEMENTWISE, TABLE, MOVE, SOFTMAX, LSTM, MARK).

Each queue works in order. Transfers and compute operations are counted as they complete; the
wait count of a compute command is the number of transfers since the start that must have
completed before it begins (modulo 2**16), and the wait count of a transfer the number of
compute commands. END waits for everything and raises the interrupt.

Because a queue never overtakes and a command waits only for earlier ones, no order of commands
that lists producers first can deadlock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from tilewright.hw.spec.fields import Field, check_layout, decode, encode


class Opcode(IntEnum):
    """Byte 0 of a command."""

    END = 0x01
    WEIGHTS = 0x02
    LOAD = 0x03
    STORE = 0x04
    MARK = 0x05
    CONV = 0x10
    DEPTHWISE = 0x11
    ELEMENTWISE = 0x12
    TABLE = 0x13
    MOVE = 0x14
    SOFTMAX = 0x15
    LSTM = 0x16


class Operation(IntEnum):
    """What ELEMENTWISE computes of its scaled operands, before the output's requantisation."""

    ADD = 0
    A_MINUS_B = 1
    B_MINUS_A = 2
    MULTIPLY = 3
    MAXIMUM = 4
    MINIMUM = 5
    B_ALONE = 6


TRANSFER_OPCODES = (Opcode.LOAD, Opcode.STORE)
COMPUTE_OPCODES = (
    Opcode.MARK,
    Opcode.CONV,
    Opcode.DEPTHWISE,
    Opcode.ELEMENTWISE,
    Opcode.TABLE,
    Opcode.MOVE,
    Opcode.SOFTMAX,
    Opcode.LSTM,
)
WAIT_BITS = 16
ADDRESS_BITS = 20
"""Scratchpad addresses and pitches, bytes."""

EXACT_SCALE = (1 << 11, 0)
"""(multiplier, shift) that leave an operand of ELEMENTWISE as it is without its zero point, since
operands are widened by 20 bits: what operations other than sums and differences need of both.
MAXIMUM and MINIMUM compare the bytes and subtract b's zero point."""

TABLE_SLOTS = 2
"""Tables that the chip holds."""

TABLE_ENTRIES = 256
"""Bytes of a table, which stand in the order of the unsigned byte that they are looked up by:
entries 0..127 are for themselves, 128..255 for -128..-1."""

TABLE_WORD_BYTES = 4
"""Bytes of a table that are loaded in a cycle."""

TABLE_WORDS = TABLE_ENTRIES // TABLE_WORD_BYTES
"""Words of a slot."""

EXPONENTIALS = 256
"""Differences from a row's maximum that SOFTMAX may meet, each with a word in the tables' memory:
its exponential as Q0.31. They take the place of both slots."""

SOFTMAX_ROW = 4095
"""Elements of a row of SOFTMAX, at most: their exponentials, each at most 1 as Q12.19, add up to
less than 2**31."""

SOFTMAX_BATCH = 8
"""Rows that SOFTMAX takes through its passes together."""

TABLE_FIELD = Field("table", 1, 30, 2, "0: none; or 1 + slot: results go through that table.")

HEADER: tuple[Field, ...] = (
    Field("opcode", 0, 0, 8, "What the command does."),
    Field("length", 0, 8, 8, "Words of the command, this one included."),
    Field("wait", 0, 16, WAIT_BITS, "Completions of the other queue to wait for, modulo 65536."),
)

_TRANSFER: tuple[Field, ...] = (
    Field("memory_address", 1, 0, 32, "Main memory, byte address of the first row."),
    Field("scratchpad_address", 2, 0, 20, "Scratchpad, byte address of the first row."),
    Field("row_bytes", 3, 0, 20, "Bytes of a row."),
    Field("rows", 4, 0, 16, "Rows."),
    Field("memory_pitch", 5, 0, 24, "Bytes from row to row in main memory."),
    Field("scratchpad_pitch", 6, 0, 20, "Bytes from row to row in the scratchpad."),
)

_WINDOW: tuple[Field, ...] = (
    Field(
        "input_address",
        1,
        0,
        20,
        "Byte address of input column 0, channel 0 in the row in which the first window starts: "
        "that of row 0 less pad_top rows, modulo 2**20.",
    ),
    TABLE_FIELD,
    Field("input_row_pitch", 2, 0, 20, "Bytes from kernel row to kernel row: input rows apart."),
    Field("input_rows", 3, 0, 16, "Input rows that exist; others read as pad_value."),
    Field("pad_top", 3, 16, 8, "Rows above input row 0 at which the first window starts."),
    Field("input_row_bytes", 4, 0, 20, "Bytes of an input row that exist; others read as padding."),
    Field("x_start", 5, 0, 21, "Byte in the row at which the first window starts.", signed=True),
    Field("x_step", 6, 0, 20, "Bytes from one output pixel's window to the next one's."),
    Field("row_step", 7, 0, 20, "Bytes from one output row's windows to the next one's."),
    Field("stride_rows", 7, 24, 8, "Input rows from one output row's windows to the next one's."),
    Field("kernel_rows", 8, 0, 8, "Kernel height."),
    Field("output_address", 9, 0, 20, "Byte address of output row 0, column 0, channel 0."),
    Field("output_pixel_pitch", 10, 0, 20, "Bytes from output pixel to output pixel."),
    Field("output_row_pitch", 11, 0, 20, "Bytes from output row to output row."),
    Field("output_cols", 12, 0, 16, "Output pixels of a row."),
    Field("output_rows", 12, 16, 16, "Output rows."),
    Field("channels", 13, 0, 16, "Output channels."),
    Field("blocks", 13, 16, 16, "Blocks of `rows` output channels, or of two x `rows` if paired."),
    Field("block_words", 14, 0, 24, "Weight words, or pairs of words, of a block: one a step."),
    Field("dilation_rows", 14, 24, 8, "Input rows from kernel row to kernel row, 1 or more."),
    Field("pad_value", 15, 0, 8, "What padding reads as: the input's zero point.", signed=True),
    Field("output_zero_point", 15, 8, 8, "Added after requantisation.", signed=True),
    Field("clamp_low", 15, 16, 8, "Smallest output.", signed=True),
    Field("clamp_high", 15, 24, 8, "Largest output.", signed=True),
    Field(
        "tiles",
        18,
        0,
        24,
        "Tiles of a block: CONV ceil(pixels / cols), or cols / 2 if paired; DEPTHWISE strips x "
        "rows.",
    ),
    Field(
        "paired",
        18,
        24,
        1,
        "1: two neighbouring columns share a pixel and compute two blocks of channels. DEPTHWISE: "
        "only where port_bytes holds two weight words; always there for stride 2 on chip.",
    ),
)

_CONV: tuple[Field, ...] = (
    *_WINDOW,
    Field(
        "wide",
        1,
        20,
        1,
        "1: results are int16, two bytes a channel with the low one first; no zero point, no clamp "
        "but int16's, no table. Needs a unit for LSTM, and port_bytes of two a lane.",
    ),
    Field(
        "keep",
        1,
        21,
        1,
        "1: the weights stay in the ring for the next CONV or DEPTHWISE, which must take the same. "
        "They fit it together, and each block has one tile. Needs a unit for LSTM.",
    ),
    Field("tap_step", 8, 8, 20, "Bytes from kernel column to kernel column; not used with one."),
    Field(
        "run_bytes",
        16,
        0,
        20,
        "Bytes of a kernel column: input channels; of a whole kernel row where its pixels follow "
        "on one another.",
    ),
    Field("runs", 16, 20, 12, "Runs of a window: kernel_rows x kernel_cols."),
    Field("pixels", 17, 0, 24, "Output pixels: output_rows x output_cols."),
    Field("kernel_cols", 17, 24, 8, "Kernel columns that are read one by one; 1: whole rows."),
    Field("group", 18, 25, 6, "Neighbouring pixels of a row that one read serves, 1 or more."),
    Field("stream", 18, 31, 1, "1: each tile has weights of its own in the stream; 0: replayed."),
)

_DEPTHWISE: tuple[Field, ...] = (
    *_WINDOW,
    Field("kernel_cols", 8, 8, 8, "Kernel width."),
    Field("stride_cols", 8, 16, 8, "Input columns from one output pixel to the next one."),
    Field("maximum", 8, 24, 1, "1: largest of the window instead of the weighted sum."),
    Field("tapwise", 8, 25, 1, "1: read every tap of every pixel; 0: keep the window on chip."),
    Field("pixel_bytes", 16, 0, 20, "Bytes from kernel column to kernel column."),
    Field("strip_cols", 17, 0, 8, "Output pixels of a strip, at most those of a tile."),
    Field("strip_input_step", 19, 0, 20, "Input bytes from strip to strip: strip_cols x x_step."),
    Field(
        "multiplier",
        19,
        20,
        7,
        "Neighbouring output channels that take the same input channel, 1 to those of a block.",
    ),
    Field("strip_output_step", 20, 0, 20, "Output bytes from strip to strip."),
    Field("block_step", 20, 20, 7, "Input bytes from block to block: its channels / multiplier."),
)

_ELEMENTWISE: tuple[Field, ...] = (
    Field("a_address", 1, 0, 20, "Byte address of operand a's row 0, pixel 0."),
    Field("operation", 1, 20, 3, "`Operation`: what is computed of both operands."),
    Field("a_repeat", 1, 23, 1, "1: a pixel of a is one byte, for all bytes of b's pixel."),
    TABLE_FIELD,
    Field("b_address", 2, 0, 20, "Byte address of operand b's row 0, pixel 0."),
    Field("output_address", 3, 0, 20, "Byte address of the output's row 0, pixel 0."),
    Field("run_bytes", 4, 0, 20, "Bytes of a pixel, 1 or more."),
    Field("output_cols", 5, 0, 16, "Pixels of a row."),
    Field("output_rows", 5, 16, 16, "Rows."),
    Field("a_zero_point", 6, 0, 8, "Subtracted from operand a.", signed=True),
    Field("output_zero_point", 6, 8, 8, "Added after requantisation.", signed=True),
    Field("clamp_low", 6, 16, 8, "Smallest output.", signed=True),
    Field("clamp_high", 6, 24, 8, "Largest output.", signed=True),
    Field("a_multiplier", 7, 0, 32, "31-bit fixed-point factor of operand a."),
    Field("b_multiplier", 8, 0, 32, "31-bit fixed-point factor of operand b."),
    Field("output_multiplier", 9, 0, 32, "31-bit fixed-point factor of the result."),
    Field("a_shift", 10, 0, 8, "Power of two of the first factor, at most 0.", signed=True),
    Field("b_shift", 10, 8, 8, "Power of two of the second factor, at most 0.", signed=True),
    Field("output_shift", 10, 16, 8, "Power of two of the result's factor.", signed=True),
    Field("b_zero_point", 10, 24, 8, "Subtracted from operand b.", signed=True),
    Field("a_pixel_pitch", 11, 0, 20, "Bytes from pixel to pixel of a; 0: one for a whole row."),
    Field("a_row_pitch", 12, 0, 20, "Bytes from row to row of a; 0: one for all rows."),
    Field("b_pixel_pitch", 13, 0, 20, "Bytes from pixel to pixel of b, as of a."),
    Field("b_row_pitch", 14, 0, 20, "Bytes from row to row of b, as of a."),
    Field("output_pixel_pitch", 15, 0, 20, "Bytes from pixel to pixel of the output."),
    Field("output_row_pitch", 16, 0, 20, "Bytes from row to row of the output."),
)

_TABLE: tuple[Field, ...] = (
    Field("input_address", 1, 0, 20, "Scratchpad, byte address of the first word."),
    Field("slot", 1, 20, 1, "Slot that the words go to, from its first one on: 0 or 1."),
    Field("words", 1, 21, 9, "Words of 4 bytes: 64 for a slot, up to 256 exponentials from 0 on."),
)

_SOFTMAX: tuple[Field, ...] = (
    Field("input_address", 1, 0, 20, "Byte address of row 0 of the input."),
    Field("last_exponential", 1, 20, 8, "Largest difference whose exponential counts."),
    Field("output_address", 2, 0, 20, "Byte address of row 0 of the output."),
    Field("row_bytes", 3, 0, 12, "Elements of a row, 1 or more."),
    Field("rows", 3, 16, 16, "Rows, 1 or more."),
    Field("input_row_pitch", 4, 0, 20, "Bytes from row to row of the input."),
    Field("output_row_pitch", 5, 0, 20, "Bytes from row to row of the output."),
)

MOVE_LOOPS = 5
"""Loops of a MOVE around its runs; the first is the innermost."""

_MOVE: tuple[Field, ...] = (
    Field("input_address", 1, 0, 20, "Byte address of the first run."),
    Field("fill", 1, 20, 1, "1: reads nothing and writes `value` everywhere."),
    Field("value", 1, 24, 8, "Every byte of a fill.", signed=True),
    Field("output_address", 2, 0, 20, "Byte address that the first run goes to."),
    Field("run_bytes", 3, 0, 20, "Bytes of a run, side by side in both places; 1 or more."),
    *(
        Field(f"extent_{k}", 4 + k // 2, k % 2 * 16, 16, f"Turns of loop {k}; 1 or more.")
        for k in range(MOVE_LOOPS)
    ),
    *(
        Field(
            f"{side}_pitch_{k}",
            7 + 2 * k + n,
            0,
            21,
            f"{side.title()} bytes from turn to turn of loop {k}.",
            True,
        )
        for k in range(MOVE_LOOPS)
        for n, side in enumerate(("input", "output"))
    ),
)

LSTM_GATES = ("input", "cell", "forget", "output")
"""The gates of an LSTM in the order in which LSTM finds their sums: int16, side by side."""

LSTM_GATE_BYTES = 2 * len(LSTM_GATES)
"""Of the sums of one unit."""

LSTM_FUNCTIONS, LSTM_PRODUCTS = len(LSTM_GATES) + 1, 3
"""What each unit takes: values of functions, and products besides those of requantisations."""

LSTM_CELL_SHIFTS = 8
"""Values of ``cell_shift``, from 0 on."""

_LSTM: tuple[Field, ...] = (
    Field("input_address", 1, 0, 20, "Sums of the inputs: 8 bytes a unit, of `LSTM_GATES`."),
    Field("recurrent_address", 2, 0, 20, "Sums of the hidden state, likewise."),
    Field("cell_address", 3, 0, 20, "The cell's state, int16."),
    Field("next_cell_address", 4, 0, 20, "Its next value, the same place or another one."),
    Field("hidden_address", 5, 0, 20, "The hidden state's next value, int8."),
    Field("output_zero_point", 6, 8, 8, "Of the hidden state.", signed=True),
    Field("clamp_low", 6, 16, 8, "Smallest output.", signed=True),
    Field("clamp_high", 6, 24, 8, "Largest output.", signed=True),
    Field("output_address", 7, 0, 20, "A second place for the hidden state's next value."),
    Field("units", 8, 0, 16, "Units, 1 or more."),
    Field("cell_shift", 8, 16, 3, "The cell's state counts in 2**(cell_shift - 15)."),
    Field("output_multiplier", 9, 0, 32, "31-bit fixed-point factor of cell times output gate."),
    Field("output_shift", 10, 16, 8, "Power of two of that factor.", signed=True),
    Field("cell_low", 11, 0, 16, "Smallest state of the cell.", signed=True),
    Field("cell_high", 11, 16, 16, "Largest state of the cell.", signed=True),
)

BODY: Mapping[Opcode, tuple[Field, ...]] = {
    Opcode.END: (),
    Opcode.WEIGHTS: (
        Field("memory_address", 1, 0, 32, "Main memory, multiple of weight_memory_bytes."),
        Field("bytes", 2, 0, 32, "Length, multiple of weight_memory_bytes."),
    ),
    Opcode.LOAD: _TRANSFER,
    Opcode.STORE: _TRANSFER,
    Opcode.MARK: (Field("layer", 1, 0, 16, "Number written into the profile record."),),
    Opcode.CONV: _CONV,
    Opcode.DEPTHWISE: _DEPTHWISE,
    Opcode.ELEMENTWISE: _ELEMENTWISE,
    Opcode.TABLE: _TABLE,
    Opcode.MOVE: _MOVE,
    Opcode.SOFTMAX: _SOFTMAX,
    Opcode.LSTM: _LSTM,
}
"""Fields of each command behind the header."""

SUMMARY: Mapping[Opcode, str] = {
    Opcode.END: "Waits for all queues, then raises the interrupt.",
    Opcode.WEIGHTS: "Streams weights from main memory into the weight ring.",
    Opcode.LOAD: "Copies rows from main memory into the scratchpad.",
    Opcode.STORE: "Copies rows from the scratchpad into main memory.",
    Opcode.MARK: "Writes a profile record: a layer has ended.",
    Opcode.CONV: "Convolution or fully connected layer, channels x pixels on the array.",
    Opcode.DEPTHWISE: "Depthwise convolution, pooling, requantisation or copy, channel by channel.",
    Opcode.ELEMENTWISE: "Adds, subtracts, multiplies or compares two tensors, one of them alone; "
    "with rescaling and broadcast.",
    Opcode.TABLE: "Copies a table from the scratchpad into a slot, or exponentials into both.",
    Opcode.MOVE: "Copies runs of bytes within the scratchpad, in five loops, or fills them.",
    Opcode.SOFTMAX: "Softmax of rows of int8, by the exponentials in the tables' memory.",
    Opcode.LSTM: "Takes the cells of an LSTM on by a time step: gates, state, hidden state.",
}

LENGTH: Mapping[Opcode, int] = {
    opcode: max((f.word for f in fields), default=0) + 1 for opcode, fields in BODY.items()
}
"""Words of each command."""

MAX_LENGTH = max(LENGTH.values())

for _opcode, _fields in BODY.items():
    check_layout((*HEADER, *_fields), LENGTH[_opcode], _opcode.name)


PARAMETER_WORDS = 9
"""Weight words in front of each block: byte planes of the block's requantisation parameters.

Word 0..3 hold bytes 0..3 of the int32 bias, 4..7 of the int32 multiplier, 8 the int8 shift;
byte r of a word belongs to row r. The bias has the input's zero point folded in:
``bias - zero_point * sum(weights)``, modulo 2**32.

A paired command computes two blocks of ``rows`` channels at once: column ``2p`` the first one of
pixel ``p``, column ``2p + 1`` the second one. Its stream consists of pairs of words, the first
block's word before the second one's: nine pairs of parameters, then a pair for each step.
The weights of every command begin at the next multiple of ``weight_memory_bytes`` in the stream.
"""

MAX_LEFT_SHIFT = 7
"""Largest positive (left) shift that the requantiser takes; the smallest is -31."""


@dataclass(frozen=True)
class Command:
    """One command: opcode, wait count and its field values by name."""

    opcode: Opcode
    values: Mapping[str, int]
    wait: int = 0

    def encode(self) -> list[int]:
        """32-bit words. Raises ValueError when a value does not fit its field."""
        length = LENGTH[self.opcode]
        wait = self.wait % (1 << WAIT_BITS)
        try:
            words = encode(BODY[self.opcode], self.values, length)
        except ValueError as error:
            raise ValueError(f"{self.opcode.name}.{error}") from None
        header = {"opcode": int(self.opcode), "length": length, "wait": wait}
        words[0] |= encode(HEADER, header, 1)[0]
        return words

    def __getitem__(self, name: str) -> int:
        return self.values[name]


def decode_stream(words: Sequence[int]) -> list[Command]:
    """Commands up to and including END. Raises ValueError on an unknown opcode or no END."""
    commands: list[Command] = []
    position = 0
    while position < len(words):
        header = decode(HEADER, words[position : position + 1])
        try:
            opcode = Opcode(header["opcode"])
        except ValueError:
            raise ValueError(f"word {position}: unknown opcode {header['opcode']:#x}") from None
        body = words[position : position + header["length"]]
        if header["length"] != LENGTH[opcode] or len(body) < LENGTH[opcode]:
            raise ValueError(f"word {position}: {opcode.name} has a wrong length")
        commands.append(Command(opcode, decode(BODY[opcode], body), header["wait"]))
        if opcode is Opcode.END:
            return commands
        position += header["length"]
    raise ValueError("command stream has no END")
