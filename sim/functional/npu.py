"""The NPU's commands, executed in the order of the stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.numerics import Int8Array
from tilewright.sim.functional.elementwise import run_elementwise
from tilewright.sim.functional.hazards import Access, HazardCheck
from tilewright.sim.functional.lstm import run_lstm
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.move import move
from tilewright.sim.functional.ring import Ring
from tilewright.sim.functional.softmax import run_softmax
from tilewright.sim.functional.tables import Tables
from tilewright.sim.functional.units import Units
from tilewright.sim.functional.window import convolve, depthwise

_JUNK = 0x5A


class Npu:
    """Scratchpad, tables and counters of the accelerator; all last from one stream to the next.

    ``image`` is (address, bytes) of what no STORE may touch. ``events`` has counts for each
    layer that has ended, some rows of it at least.
    """

    def __init__(self, config: NpuConfig, memory: Memory, image: tuple[int, int]) -> None:
        self.config, self.memory, self.image = config, memory, image
        self._opcodes = frozenset(config.opcodes)
        content = np.full(config.scratchpad_bytes, _JUNK, dtype=np.int8)
        self.scratchpad = Memory(content, 0, "the scratchpad")
        self.units = Units(config, self.scratchpad, Tables(config))
        self.events: dict[int, Counter[str]] = {}

    def run(self, commands: Sequence[Command], layer_ended: Callable[[int], None]) -> None:
        """Execute a stream. Raises CheckError for whatever the hardware could not do."""
        ring = Ring(commands, self.memory, self.config)
        hazards = HazardCheck()
        counts: Counter[str] = Counter()
        for position, command in enumerate(commands):
            try:
                access = self._execute(command, ring, counts)
                hazards.check(command, access)
            except CheckError as error:
                name = f"command {position} ({command.opcode.name})"
                raise CheckError(f"{name}: {error}") from None
            if command.opcode is Opcode.MARK:
                self.events.setdefault(command["layer"], Counter()).update(counts)
                counts.clear()
                layer_ended(command["layer"])
        ring.check_end()

    def _execute(self, command: Command, ring: Ring, counts: Counter[str]) -> Access:
        if command.opcode not in self._opcodes:
            raise CheckError("this accelerator has no unit for it")
        match command.opcode:
            case Opcode.WEIGHTS:
                counts["memory_read_beats"] += command["bytes"] // self.config.bus_bytes
                return Access()
            case Opcode.LOAD | Opcode.STORE:
                return self._copy(command, counts)
            case Opcode.CONV:
                return convolve(command, ring.take(command), self.units, counts)
            case Opcode.DEPTHWISE:
                return depthwise(command, ring.take(command), self.units, counts)
            case Opcode.ELEMENTWISE:
                return run_elementwise(command, self.units, counts)
            case Opcode.TABLE:
                return self.units.tables.load(command, self.scratchpad, counts)
            case Opcode.MOVE:
                return move(command, self.scratchpad)
            case Opcode.SOFTMAX:
                return run_softmax(command, self.units, counts)
            case Opcode.LSTM:
                return run_lstm(command, self.scratchpad, counts)
            case _:
                return Access()

    def _copy(self, command: Command, counts: Counter[str]) -> Access:
        rows, size = command["rows"], command["row_bytes"]
        views: list[Int8Array] = []
        spans: list[tuple[int, int]] = []
        for memory, place, pitch in (
            (self.memory, "memory_address", "memory_pitch"),
            (self.scratchpad, "scratchpad_address", "scratchpad_pitch"),
        ):
            extent = (rows - 1) * command[pitch] + size
            start = memory.offset(command[place], extent)
            views.append(as_strided(memory.data[start:], (rows, size), (command[pitch], 1)))
            spans.append((command[place], command[place] + extent))
        home, local = views
        skew = (command["memory_address"] + np.arange(rows) * command["memory_pitch"]) % (
            self.config.bus_bytes
        )
        beats = int((-(-(skew + size) // self.config.bus_bytes)).sum())
        if command.opcode is Opcode.LOAD:
            local[:] = home
            counts["memory_read_beats"] += beats
            return Access(writes=(spans[1],))
        if spans[0][0] < self.image[0] + self.image[1] and self.image[0] < spans[0][1]:
            raise CheckError("overwrites the program")
        home[:] = local
        counts["memory_write_beats"] += beats
        return Access(reads=(spans[1],))
