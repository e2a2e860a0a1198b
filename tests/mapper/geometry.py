"""The mapper's view of a command, from the command's fields."""

from __future__ import annotations

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.mapper.array.cycles import Arrangement, Window


def geometry(command: Command) -> tuple[Window, Arrangement]:
    """Of a CONV or DEPTHWISE. What only a choice between arrangements asks for is zero."""
    v = command.values
    window = Window(
        depthwise=command.opcode is Opcode.DEPTHWISE,
        rows=v["output_rows"],
        cols=v["output_cols"],
        channels=v["channels"],
        kernel=(v["kernel_rows"], v.get("kernel_cols", 1)),
        stride=(v["stride_rows"], v.get("stride_cols", 1)),
        missing_rows=v["pad_top"],
        missing_cols=0,
        row_pitch=0,
        dilation=(v["dilation_rows"], 1),
        runs=v.get("runs", 0),
        run_bytes=v.get("run_bytes", 0),
        x_step=v["x_step"],
        block_words=v["block_words"],
    )
    arrangement = Arrangement(
        paired=bool(v["paired"]),
        group=v.get("group", 1),
        stream=bool(v.get("stream", 0)),
        tapwise=bool(v.get("tapwise", 0)),
        strip_cols=v.get("strip_cols", 0),
    )
    return window, arrangement
