"""What Python and C pass each other in a replay: names of places in arrays of 64-bit integers."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.hw.spec import timing
from tilewright.hw.spec.commands import (
    LSTM_GATE_BYTES,
    MOVE_LOOPS,
    PARAMETER_WORDS,
    SOFTMAX_BATCH,
    TABLE_WORD_BYTES,
    Opcode,
    Operation,
)
from tilewright.hw.spec.profile import CAUSES, RECORD_BYTES, RECORD_WORDS
from tilewright.hw.spec.registers import MEMORY_BASE

SETTINGS = (
    "bus_bytes",
    "port_bytes",
    "rows",
    "requantiser_lanes",
    "banks",
    "ring_beats",
    "line_beats",
    "line_words",
    "memory_latency",
    "cpu_requests",
    "turn",
    "read_ahead",
    "command_address",
    "profile_address",
)
"""The design, and what the stream finds: beats that the CPU still asks for beside the first
commands; the bus client whose turn it is; beats of commands that were read but not used;
where its commands lie, and where its profile records go."""

FIELDS = (
    *("opcode", "length", "wait", "layer", "bytes"),
    *("memory_address", "scratchpad_address", "row_bytes", "rows", "memory_pitch"),
    *("scratchpad_pitch", "input_address", "input_row_pitch", "input_rows", "pad_top", "x_start"),
    *("x_step", "row_step", "stride_rows", "stride_cols", "kernel_rows", "kernel_cols", "group"),
    *("stream", "maximum", "table", "run_bytes", "pixels", "pixel_bytes", "output_address"),
    *("tap_step", "dilation_rows", "block_step", "wide", "keep"),
    *("output_pixel_pitch", "output_row_pitch", "output_cols", "output_rows", "channels"),
    *("blocks", "block_words", "tiles", "paired", "strip_input_step", "strip_output_step"),
    *("operation", "a_repeat", "a_address", "a_pixel_pitch", "a_row_pitch"),
    *("b_address", "b_pixel_pitch", "b_row_pitch"),
    *("recurrent_address", "cell_address", "next_cell_address", "hidden_address", "units"),
    *("fill", "words"),
    *(f"extent_{loop}" for loop in range(MOVE_LOOPS)),
    *(f"input_pitch_{loop}" for loop in range(MOVE_LOOPS)),
    *(f"output_pitch_{loop}" for loop in range(MOVE_LOOPS)),
)
"""Of commands, as in `hw.spec.commands`; 0 where a command has no such field. Those of a MOVE's
loops are rows of places."""

DERIVED = ("mode", "tile_pixels", "slots", "beats", "final_beats", "half_empty")
"""Of a CONV or DEPTHWISE: 0 CONV, 1 window on chip, 2 tapwise; the rest as in
`sim.model.geometry`."""

MARK = ("layer", "time", "read_words", "write_words", "read_beats", "write_beats", "causes")
"""Of a MARK: the time, words of the scratchpad that the DMA read and wrote, beats of the bus, and
cycles by cause, one place each."""

MARK_VALUES = len(MARK) - 1 + len(CAUSES)

LEFT = ("turn", "read_ahead")
"""What the next stream finds, as in `SETTINGS`."""


def c_header() -> str:
    """The names for C: places in arrays, opcodes, latencies."""
    constants = {name: value for name, value in vars(timing).items() if name.isupper()}
    constants |= {f"OPCODE_{opcode.name}": int(opcode) for opcode in Opcode}
    constants |= {f"OPERATION_{operation.name}": int(operation) for operation in Operation}
    constants |= {
        "PARAMETER_WORDS": PARAMETER_WORDS,
        "MOVE_LOOPS": MOVE_LOOPS,
        "SOFTMAX_BATCH": SOFTMAX_BATCH,
        "LSTM_GATE_BYTES": LSTM_GATE_BYTES,
        "TABLE_WORD_BYTES": TABLE_WORD_BYTES,
        "MEMORY_START": MEMORY_BASE,
        "RECORD_WORDS": RECORD_WORDS,
        "RECORD_BYTES": RECORD_BYTES,
        "MARK_VALUES": MARK_VALUES,
    }
    lines = [f"enum {{ {name} = {value} }};" for name, value in constants.items()]
    lines += [
        _places("CAUSE", [name for name, _ in CAUSES], "CAUSES"),
        _places("S", SETTINGS),
        _places("F", (*FIELDS, *DERIVED), "COLUMNS"),
        _places("M", MARK),
        _places("L", LEFT),
    ]
    return "\n".join(lines) + "\n"


def _places(prefix: str, names: Sequence[str], count: str | None = None) -> str:
    entries = [f"{prefix}_{name.upper()}" for name in names] + ([count] if count else [])
    return f"enum {{ {', '.join(entries)} }};"
