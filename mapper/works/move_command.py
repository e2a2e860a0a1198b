"""MOVE commands: what they take, which bytes they touch, and whether an accelerator has them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from tilewright.hw.spec.commands import LENGTH, MOVE_LOOPS, Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.memory import Span, align
from tilewright.mapper.moves.copy import Loop, Move
from tilewright.mapper.works.work import Emitted

_COMMAND_CYCLES = 6
"""From one MOVE's last access to the next one's first."""

_FETCH_CYCLES = LENGTH[Opcode.MOVE] + 1
"""From a command's first word at the decoder to the next one's."""

MOST_COMMANDS = 256
"""Commands of a tile; more of them leave the CPU little to do but to write them."""


def mover_objection(config: NpuConfig, commands: int, parts: Sequence[int]) -> str | None:
    """Why the mover cannot do a work; None when it can.

    commands: of a tile. parts: bytes of the smallest parts of inputs and output.
    """
    if config.microcode:
        return "control = microcode has no unit for moves"
    if not config.move_unit:
        return "move_unit = false leaves no unit for moves"
    if commands > MOST_COMMANDS:
        return too_many_moves(commands)
    smallest = sum(align(size, config.port_bytes) for size in parts)
    if smallest > config.scratchpad_bytes:
        return (
            f"{smallest} bytes of its tensors cannot be divided, more than scratchpad_bytes = "
            f"{config.scratchpad_bytes}"
        )
    return None


def too_many_moves(count: int | None) -> str:
    """Return why the mover does not take so many moves, or more of them than anyone counted."""
    return f"it takes {count or 'more'} moves, the accelerator at most {MOST_COMMANDS}"


def move_cycles(move: Move, port_bytes: int) -> int:
    """Cycles from a MOVE's first access to that of the next command."""
    accesses = -(-move.run // port_bytes) * prod(loop.extent for loop in move.loops)
    return max(accesses + _COMMAND_CYCLES, _FETCH_CYCLES)


def move_command(move: Move, source: int, target: int) -> Emitted:
    """MOVE between tensors at these addresses."""
    filled = move.value is not None
    values = {
        "input_address": 0 if filled else source + move.input,
        "fill": int(filled),
        "value": move.value or 0,
        "output_address": target + move.output,
        "run_bytes": move.run,
    }
    loops = (*move.loops, *[Loop(1, 0, 0)] * (MOVE_LOOPS - len(move.loops)))
    for number, loop in enumerate(loops):
        values[f"extent_{number}"] = loop.extent
        values[f"input_pitch_{number}"] = loop.input_pitch
        values[f"output_pitch_{number}"] = loop.output_pitch
    reads = () if filled else (span_of(source + move.input, move.run, move.loops, 1),)
    writes = (span_of(target + move.output, move.run, move.loops, 2),)
    return Emitted(Command(Opcode.MOVE, values), reads, writes)


def span_of(start: int, run: int, loops: Sequence[Loop], side: int) -> Span:
    """The bytes from the first to the last; ``side``: place of the pitch in a `Loop`."""
    ends = [(loop.extent - 1) * loop[side] for loop in loops]
    return (
        start + sum(min(end, 0) for end in ends),
        start + run + sum(max(end, 0) for end in ends),
    )
