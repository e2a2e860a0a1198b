"""A command stream on the accelerator: when each layer ends, and what was counted until then.

The replay itself is in replay/replay.c, which steps through the accelerator's control cycle by
cycle. What does not depend on time is counted here.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.commands import LENGTH, Command, Opcode
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import CAUSES, EVENTS, RECORD, RECORD_WORDS
from tilewright.sim.model.events import lstm_events, move_events, unit_events, window_events
from tilewright.sim.model.geometry import Geometry, geometry_of
from tilewright.sim.model.layout import DERIVED, FIELDS, LEFT, MARK, MARK_VALUES
from tilewright.sim.model.library import replay_function

LONGEST = 1 << 32
"""Cycles of a stream, at most: those that the hardware's counters can count."""

_WINDOWS = (Opcode.CONV, Opcode.DEPTHWISE)
_UNITS = (Opcode.ELEMENTWISE, Opcode.TABLE, Opcode.SOFTMAX)

_Integers = NDArray[np.int64]


class Left(NamedTuple):
    """What a stream leaves to the next one: the bus client whose turn it is, and beats of commands
    that were read but not used."""

    turn: int = 0
    read_ahead: int = 0


@dataclass(frozen=True)
class Beside:
    """The rest of the chip, and where a stream's ``commands`` lie and its ``records`` go."""

    chip: ctypes.Structure
    commands: int
    records: int


@dataclass(frozen=True)
class Replayed:
    """A stream that was replayed; cycles count from the pulse that starts it.

    ``records``: those of its MARKs, RECORD_WORDS each (`hw.spec.profile.RECORD`). ``done``: the
    cycle in which the interrupt is raised.
    """

    records: _Integers
    done: int
    left: Left

    def times(self) -> list[int]:
        """Cycle of each MARK."""
        return self.records[:, RECORD.index("time")].tolist()


class Stream:
    """A command stream, prepared once for every main memory."""

    def __init__(self, commands: Sequence[Command], npu: NpuConfig) -> None:
        self.commands = tuple(commands)
        self._npu = npu
        geometries = [
            geometry_of(command, npu) if command.opcode in _WINDOWS else None
            for command in commands
        ]
        rows = map(_row, commands, geometries)
        self._table = np.array(list(rows), dtype=np.int64)
        self._events = _events_at_marks(commands, geometries, npu)

    def replay(
        self,
        config: Config,
        before: Left | None = None,
        cpu_requests: int = 0,
        beside: Beside | None = None,
    ) -> Replayed:
        """The stream with the main memory of ``config``.

        ``before``: what another one left. ``cpu_requests``: beats that the CPU asks for beside the
        first commands. ``beside``: the rest of the chip, where memory does not take an access each
        cycle; it tells what the CPU asks for.

        Raises TilewrightError for a stream that never ends.
        """
        assert config.npu == self._npu
        assert config.memory_is_constant == (beside is None)
        marks = np.zeros((len(self._events), MARK_VALUES), dtype=np.int64)
        left = np.zeros(len(LEFT), dtype=np.int64)
        settings = np.array(
            _settings(config, before or Left(), cpu_requests, beside), dtype=np.int64
        )
        done = replay_function()(
            settings.ctypes.data,
            self._table.ctypes.data,
            ctypes.byref(beside.chip) if beside else None,
            LONGEST,
            marks.ctypes.data,
            left.ctypes.data,
        )
        if done < 0:
            raise TilewrightError(f"the model's replay of a stream took over {LONGEST} cycles")
        return Replayed(self._records(marks), done, Left(*left.tolist()))

    def _records(self, marks: _Integers) -> _Integers:
        records = np.zeros((len(marks), RECORD_WORDS), dtype=np.int64)
        place = {name: number for number, name in enumerate(RECORD)}
        of_mark = {name: number for number, name in enumerate(MARK)}
        for name in ("layer", "time"):
            records[:, place[name]] = marks[:, of_mark[name]]
        first = place[f"cycles_{CAUSES[0][0]}"]
        records[:, first : first + len(CAUSES)] = marks[:, of_mark["causes"] :]
        first = place[f"events_{EVENTS[0][0]}"]
        records[:, first : first + len(EVENTS)] = self._events
        for event, name in _BY_DMA.items():
            records[:, place[f"events_{event}"]] += marks[:, of_mark[name]]
        return records


_BY_DMA = {
    "scratchpad_read_words": "read_words",
    "scratchpad_write_words": "write_words",
    "memory_read_beats": "read_beats",
    "memory_write_beats": "write_beats",
}
"""Events that the DMA has a part in, and the value of a mark that counts it."""


def _settings(config: Config, before: Left, cpu_requests: int, beside: Beside | None) -> list[int]:
    """Values of `sim.model.layout.SETTINGS`."""
    npu = config.npu
    word = npu.weight_memory_bytes
    return [
        npu.bus_bytes,
        npu.port_bytes,
        npu.rows,
        npu.requantiser_lanes,
        npu.scratchpad_banks,
        npu.weight_buffer_bytes // npu.bus_bytes,
        word // npu.bus_bytes,
        word // npu.weight_word_bytes,
        config.soc.memory_latency,
        cpu_requests,
        *before,
        beside.commands if beside else 0,
        beside.records if beside else 0,
    ]


def _row(command: Command, geometry: Geometry | None) -> list[int]:
    """Values of `sim.model.layout.FIELDS` and `DERIVED`."""
    opcode = command.opcode
    values = {**command.values, "opcode": opcode, "length": LENGTH[opcode], "wait": command.wait}
    found = [values.get(name, 0) for name in FIELDS]
    if geometry is None:
        return found + [0] * len(DERIVED)
    g = geometry
    mode = 1 if g.window else 2 if g.tapwise else 0
    return [*found, mode, g.tile_pixels, g.slots, g.beats, g.final_beats, g.half_empty]


def _events_at_marks(
    commands: Sequence[Command], geometries: Sequence[Geometry | None], npu: NpuConfig
) -> _Integers:
    """Events of all compute commands before each MARK, in the order of EVENTS."""
    total = dict.fromkeys((name for name, _ in EVENTS), 0)
    found: list[list[int]] = []
    for command, geometry in zip(commands, geometries, strict=True):
        if command.opcode is Opcode.MARK:
            found.append(list(total.values()))
        else:
            events = _events(command, geometry, npu)
            for name, count in events.items():
                total[name] += count
    return np.array(found, dtype=np.int64).reshape(len(found), len(total))


def _events(command: Command, geometry: Geometry | None, npu: NpuConfig) -> Counter[str]:
    """Events of a command that the DMA has no part in."""
    if geometry:
        return window_events(command, geometry, npu)
    if command.opcode in _UNITS:
        return unit_events(command, npu)
    if command.opcode is Opcode.LSTM:
        return lstm_events(command)
    return move_events(command, npu) if command.opcode is Opcode.MOVE else Counter()
