"""The model backend: predicts what the chip's counters say, from the same Program, without RTL.

The accelerator's part is worked out from the command stream (`sim.model.stream`), the CPU's by
running firmware's machine code (`sim.model.cpu`). The result has the form of time stamps and
profile records, and is read as those of the chip.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.commands import Command
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.profile import RECORD, RECORD_BYTES, RECORD_WORDS
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.program.program import Program
from tilewright.sim.model.cpu.firmware import Firmware, Times, Values, times_without_streams
from tilewright.sim.model.stream import Beside, Left, Replayed, Stream
from tilewright.sim.results.memory_events import with_memory_events
from tilewright.sim.results.segments import Segment, read_segments


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """A predicted inference: as `sim.rtl.backend.RtlResult`, but no outputs."""

    cycles: int
    segments: tuple[Segment, ...]
    predict_s: float


MOST_REPLAYS = 16
"""Memory latencies for which the replayed streams are kept; the oldest goes first."""


@dataclass(frozen=True)
class _Found:
    """What a stream finds; see `sim.model.stream.Stream.replay`."""

    left: Left | None
    cpu_requests: int


class ModelBackend:
    """A Program, decoded once, to be predicted for any main memory."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._streams = tuple(
            Stream(program.commands(step), program.config.npu)
            for step in program.steps
            if step.kind == NPU
        )
        self._replays: dict[tuple[int, int, _Found], Replayed] = {}

    def commands(self) -> Iterator[Command]:
        """Those of all streams."""
        return (command for stream in self._streams for command in stream.commands)

    def run(self, config: Config | None = None, cpu_inputs: Values | None = None) -> ModelResult:
        """One inference.

        ``config``: the Program's with another CPU, main memory or clock. ``cpu_inputs``: what
        operators on the CPU read that none before them has written, as the functional backend
        tells it; zeros, where it is missing.
        """
        started = time.monotonic()
        config = config or self._program.config
        assert config.npu == self._program.config.npu
        values = cpu_inputs or {}
        records = [np.zeros((0, RECORD_WORDS), dtype=np.int64)]
        if self._streams:
            times = self._with_streams(config, values, records)
        else:
            times = times_without_streams(self._program, config, values)
        segments = read_segments(
            self._program.steps,
            times.begin,
            times.end,
            times.steps,
            np.concatenate(records).astype(np.uint32).tobytes(),
        )
        return ModelResult(
            cycles=times.end - times.begin,
            segments=with_memory_events(segments, times.begin, config, times.memory),
            predict_s=time.monotonic() - started,
        )

    def _with_streams(
        self, config: Config, values: Values, records: list[NDArray[np.int64]]
    ) -> Times:
        """Firmware's times; adds the streams' profile records."""
        firmware = Firmware(self._program, config, values)
        if not config.memory_is_constant:
            return self._beside(firmware, config, records)
        left: Left | None = None
        for number in range(len(self._streams)):
            start = firmware.stream()
            assert start is not None
            replay = self._replayed(number, config, _Found(left, start.requests))
            firmware.stream_ends(start.cycle + replay.done)
            records.append(_later(replay.records, start.cycle))
            left = replay.left
        assert firmware.stream() is None
        return firmware.times()

    def _beside(
        self, firmware: Firmware, config: Config, records: list[NDArray[np.int64]]
    ) -> Times:
        """As `_with_streams`, CPU and accelerator cycle by cycle on one memory.

        A stream's time depends on all that was asked of memory before it, so none is kept.
        """
        program = self._program
        steps = [step for step in program.steps if step.kind == NPU]
        left: Left | None = None
        written = program.profile_address
        for step, stream in zip(steps, self._streams, strict=True):
            chip = firmware.stream_beside()
            assert chip is not None
            beside = Beside(chip, step.values["commands"], written)
            replay = stream.replay(config, left, beside=beside)
            firmware.stream_ends(chip.start + replay.done)
            records.append(_later(replay.records, chip.start))
            written += RECORD_BYTES * len(replay.records)
            left = replay.left
        assert firmware.stream_beside() is None
        return firmware.times()

    def _replayed(self, number: int, config: Config, found: _Found) -> Replayed:
        """A stream, which takes its time whatever the CPU and the clock."""
        key = (number, config.soc.memory_latency, found)
        if key not in self._replays:
            if len(self._replays) == MOST_REPLAYS * len(self._streams):
                del self._replays[next(iter(self._replays))]
            self._replays[key] = self._streams[number].replay(
                config, found.left, found.cpu_requests
            )
        return self._replays[key]


def _later(records: NDArray[np.int64], cycles: int) -> NDArray[np.int64]:
    """Records with later time stamps."""
    later = records.copy()
    later[:, RECORD.index("time")] += cycles
    return later
