"""The sequencer: decodes the command stream and hands each command to its queue, in order."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import Component, In, Out

from hw.spec.commands import MAX_LENGTH
from hw.spec.config import NpuConfig

COMMAND = ArrayLayout(32, MAX_LENGTH)
"""A whole command, header included; words beyond its length are undefined."""


class Sequencer(Component):
    """Decodes commands, one word a cycle."""

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "compute": Out(stream.Signature(COMMAND)),
                "compute_blocked": Out(1),
                "compute_completed": In(1),
                "compute_idle": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        return Module()
