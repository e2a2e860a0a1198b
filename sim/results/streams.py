"""What the command streams tell of each layer that the chip does not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import NPU
from tilewright.hw.spec.tile_shape import tile_shape
from tilewright.mapper.program.program import Program
from tilewright.sim.results.result import IDLE


@dataclass(frozen=True)
class Sent:
    """Of a layer's commands.

    ``weight_bytes`` are streamed into the weight buffer. ``idle_columns`` and ``idle_rows`` are
    cycles of the whole array: its steps, times the share of columns without a pixel, and of what
    the others could do the share of rows without a channel.
    """

    weight_bytes: int = 0
    idle_columns: Fraction = Fraction(0)
    idle_rows: Fraction = Fraction(0)

    def __add__(self, other: Sent) -> Sent:
        return Sent(
            self.weight_bytes + other.weight_bytes,
            self.idle_columns + other.idle_columns,
            self.idle_rows + other.idle_rows,
        )

    @property
    def idle(self) -> dict[str, int]:
        """The idle parts of the array by name, in whole cycles."""
        return dict(zip(IDLE, (round(self.idle_columns), round(self.idle_rows)), strict=True))


def sent_by_layer(program: Program) -> dict[int, Sent]:
    """For each layer on the accelerator."""
    steps = (step for step in program.steps if step.kind == NPU)
    commands = (command for step in steps for command in program.commands(step))
    return sent(commands, program.config.npu)


def sent(commands: Iterable[Command], npu: NpuConfig) -> dict[int, Sent]:
    """As `sent_by_layer`, for the commands of all streams in order."""
    found: dict[int, Sent] = {}
    begun = Sent()
    for command in commands:
        if command.opcode is Opcode.MARK:
            layer = command["layer"]
            found[layer] = found.get(layer, Sent()) + begun
            begun = Sent()
        elif command.opcode is Opcode.END:
            begun = Sent()
        elif command.opcode is Opcode.WEIGHTS:
            begun += Sent(command["bytes"])
        elif command.opcode in (Opcode.CONV, Opcode.DEPTHWISE):
            begun += _idle(command.values, npu, taps=_taps(command))
    return found


def _taps(command: Command) -> int:
    """Steps of a tile: a CONV takes a byte of each run a step."""
    taps = command["kernel_rows"] * command["kernel_cols"]
    return taps * command["run_bytes"] if command.opcode is Opcode.CONV else taps


def _idle(values: Mapping[str, int], npu: NpuConfig, taps: int) -> Sent:
    """Blocks of channels and tiles of pixels are computed as if they were full."""
    paired = bool(values["paired"])
    steps = values["blocks"] * values["tiles"] * taps
    pixels = values["output_rows"] * values["output_cols"]
    # A paired tile has two columns a pixel, so that one of an odd number is always idle.
    places = values["tiles"] * Fraction(npu.cols, 2 if paired else 1)
    channels = values["blocks"] * tile_shape(npu, paired=paired).channels
    in_columns = steps * pixels / places
    return Sent(0, steps - in_columns, in_columns * (1 - Fraction(values["channels"], channels)))
