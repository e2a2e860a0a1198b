"""Commands of a stream with what the model derives from them, once for every main memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from hw.spec.commands import TRANSFER_OPCODES, Command, Opcode
from hw.spec.config import NpuConfig
from sim.model import banks
from sim.model.banks import Banks
from sim.model.events import add_events, add_words, window_events
from sim.model.geometry import Geometry, geometry_of
from sim.model.loops import ArrayTime, array_time


@dataclass(frozen=True)
class Work:
    """A command. ``geometry`` of a CONV or DEPTHWISE, ``words`` that an ADD writes, ``beats`` of a
    LOAD or STORE."""

    command: Command
    npu: NpuConfig
    geometry: Geometry | None
    events: Counter[str]
    words: int = 0
    beats: int = 0

    @cached_property
    def time(self) -> ArrayTime:
        """Of a CONV or DEPTHWISE whose weights lie in the ring when it starts."""
        assert self.geometry
        return array_time(self.geometry)

    @cached_property
    def masks(self) -> Banks:
        """Banks of each beat of a LOAD or STORE."""
        return banks.beat_masks(self.command, self.npu)

    @cached_property
    def last_row(self) -> int:
        """Beats of the last row of a LOAD or STORE."""
        return banks.last_row_beats(self.command, self.npu.bus_bytes)

    def reads(self, time: ArrayTime | None) -> Banks:
        """Banks that a compute command reads, by cycle from its start on; ``time`` on the array."""
        return self._reads if time is None or time is self.time else self._window_reads(time)

    def writes(self, time: ArrayTime | None) -> Banks:
        """Banks that it writes, as `reads`."""
        return self._writes if time is None or time is self.time else self._window_writes(time)

    @cached_property
    def _reads(self) -> Banks:
        if self.geometry:
            return self._window_reads(self.time)
        return banks.add_reads(self.command, self.npu)

    @cached_property
    def _writes(self) -> Banks:
        if self.geometry:
            return self._window_writes(self.time)
        return banks.add_writes(self.command, self.npu)

    def _window_reads(self, time: ArrayTime) -> Banks:
        assert self.geometry
        return banks.window_reads(self.command, self.geometry, time, self.npu)

    def _window_writes(self, time: ArrayTime) -> Banks:
        assert self.geometry
        return banks.window_writes(self.command, self.geometry, time, self.npu)


def prepare(commands: Sequence[Command], config: NpuConfig) -> tuple[Work, ...]:
    """What does not depend on main memory and can be kept for other configurations of it."""
    return tuple(_work(command, config) for command in commands)


def _work(command: Command, config: NpuConfig) -> Work:
    if command.opcode in (Opcode.CONV, Opcode.DEPTHWISE):
        geometry = geometry_of(command, config)
        events = window_events(command, geometry, config)
        return Work(command, config, geometry, events)
    if command.opcode is Opcode.ADD:
        words = add_words(command, config)
        return Work(command, config, None, add_events(command, config), words)
    beats = 0
    if command.opcode in TRANSFER_OPCODES:
        beats = banks.transfer_beats(command, config.bus_bytes)
    return Work(command, config, None, Counter(), beats=beats)
