"""Which commands an accelerator takes: units that execute some of them can be left out."""

from __future__ import annotations

from hw.spec.commands import Opcode
from hw.spec.npu_config import NpuConfig


def takes(config: NpuConfig, opcode: Opcode) -> bool:
    """Whether the accelerator executes a command."""
    if opcode is Opcode.MOVE:
        return config.move_unit
    return opcode is not Opcode.ADD or not config.microcode
