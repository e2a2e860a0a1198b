"""The model backend: predicts what the chip's counters say, from the same Program, without values.

The accelerator's part is worked out from the command stream (`sim.model.stream`), firmware's and
the CPU's from `sim.model.cpu`. The result has the form of time stamps and profile records, and is
read as those of the chip.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.spec.commands import Command
from hw.spec.config import Config
from hw.spec.numerics import Int8Array
from hw.spec.profile import RECORD
from hw.spec.program import HEADER_WORDS, STEP_WORDS, TIME_WORDS
from hw.spec.steps import NPU
from mapper.program.program import Program
from sim.model.cpu.figures import cpu_figures
from sim.model.cpu.firmware import Firmware
from sim.model.stream import Left, Replayed, Stream
from sim.segments import Segment, read_segments

STEP_HEAD_WORDS = 2
"""Words of a step in front of its values: its kind, its layer."""


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """A predicted inference: as `sim.rtl.RtlResult`, but no outputs."""

    cycles: int
    segments: tuple[Segment, ...]
    predict_s: float


MOST_REPLAYS = 16
"""Memory latencies for which the replayed streams are kept; the oldest goes first."""


@dataclass(frozen=True)
class _Found:
    """What a stream finds; see `sim.model.stream.Stream.replay`."""

    left: Left | None
    cpu_fetches: bool


class ModelBackend:
    """A Program, decoded once, to be predicted for any main memory."""

    def __init__(self, program: Program) -> None:
        self._program = program
        header = zip((name for name, _ in HEADER_WORDS), program.words, strict=False)
        self._steps_address = dict(header)["steps_address"]
        self._streams = tuple(
            Stream(program.commands(step), program.config.npu)
            for step in program.steps
            if step.kind == NPU
        )
        self._replays: dict[tuple[int, int, _Found], Replayed] = {}

    def commands(self) -> Iterator[Command]:
        """Those of all streams."""
        return (command for stream in self._streams for command in stream.commands)

    def run(
        self, config: Config | None = None, cpu_inputs: Mapping[int, Int8Array] | None = None
    ) -> ModelResult:
        """One inference.

        ``config``: the Program's with another main memory or clock. ``cpu_inputs``: by number of
        step, what operators on the CPU read that take longer for some values than for others.
        """
        started = time.monotonic()
        config = config or self._program.config
        assert config.npu == self._program.config.npu
        firmware = Firmware(cpu_figures(config.soc.cpu), config.soc)
        stamps: list[int] = []
        records: list[list[int]] = []
        left: Left | None = None
        streams = itertools.count()
        now = 0
        for number, step in enumerate(self._program.steps):
            begin, asleep = now, 0
            if step.kind == NPU:
                found = firmware.stream()
                replay = self._replayed(next(streams), config, _Found(left, found.fetches))
                start, left = begin + found.start, replay.left
                records += _later(replay.records, start).tolist()
                now = start + replay.done + found.finish
                if found.running is not None:
                    asleep = max(0, replay.done - found.running)
            else:
                words = STEP_WORDS * number + STEP_HEAD_WORDS
                inputs = (cpu_inputs or {}).get(number)
                address = self._steps_address + 4 * words
                now += firmware.operator(step, address, inputs).cycles
            stamps += [begin, now, asleep] + [0] * (TIME_WORDS - 3)
        end = now + firmware.back()
        return ModelResult(
            cycles=end,
            segments=read_segments(self._program.steps, 0, end, _words(stamps), _words(records)),
            predict_s=time.monotonic() - started,
        )

    def _replayed(self, number: int, config: Config, found: _Found) -> Replayed:
        """A stream, which takes its time whatever the CPU and the clock."""
        key = (number, config.soc.memory_latency, found)
        if key not in self._replays:
            if len(self._replays) == MOST_REPLAYS * len(self._streams):
                del self._replays[next(iter(self._replays))]
            self._replays[key] = self._streams[number].replay(
                config, found.left, cpu_fetches=found.cpu_fetches
            )
        return self._replays[key]


def _later(records: NDArray[np.int64], cycles: int) -> NDArray[np.int64]:
    """Records with later time stamps."""
    later = records.copy()
    later[:, RECORD.index("time")] += cycles
    return later


def _words(values: Sequence[int] | Sequence[Sequence[int]]) -> bytes:
    return np.array(values, dtype=np.int64).astype(np.uint32).tobytes()
