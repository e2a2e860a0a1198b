"""The model backend: predicts what the chip's counters say, from the same Program, without values.

The accelerator's part is worked out from the command stream (`sim.model.stream`), firmware's and
the CPU's from `sim.model.cpu`. The result has the form of time stamps and profile records, and is
read as those of the chip.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hw.spec.commands import Command
from hw.spec.config import Config
from hw.spec.numerics import Int8Array
from hw.spec.profile import CAUSES, EVENTS, RECORD, RECORD_WORDS
from hw.spec.program import HEADER_WORDS, STEP_WORDS, TIME_WORDS, Step, StepKind
from mapper.program import Program
from sim.model.cpu.figures import Cost, Driver, cpu_figures
from sim.model.cpu.operators import Surroundings, step_cycles
from sim.model.stream import Mark, StreamReplay
from sim.model.work import Work, prepare
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
"""Streams that are kept as replayed, by memory latency; the oldest goes first."""


class ModelBackend:
    """A Program, decoded once, to be predicted for any main memory."""

    def __init__(self, program: Program) -> None:
        self._program = program
        header = zip((name for name, _ in HEADER_WORDS), program.words, strict=False)
        self._steps_address = dict(header)["steps_address"]
        self._replays: dict[tuple[int, int], _Replayed] = {}
        self._streams: dict[int, tuple[Work, ...]] = {}
        for step in program.steps:
            if step.kind is StepKind.NPU:
                address = step.values["commands"]
                self._streams[address] = prepare(program.commands(step), program.config.npu)

    def commands(self) -> Iterator[Command]:
        """Those of all streams."""
        return (work.command for stream in self._streams.values() for work in stream)

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
        driver = cpu_figures(config.soc.cpu).driver
        stamps: list[int] = []
        records: list[int] = []
        now = 0
        for number, step in enumerate(self._program.steps):
            begin, asleep = now, 0
            if step.kind is StepKind.NPU:
                now = self._stream(step, begin, config, records)
                if driver.awake is not None:
                    asleep = max(0, now - begin - driver.awake.at(config.soc))
            else:
                inputs = (cpu_inputs or {}).get(number)
                now += step_cycles(step, self._surroundings(number), inputs, config.soc)
            stamps += [begin, now, asleep] + [0] * (TIME_WORDS - 3)
        end = now + self._return(driver, config).at(config.soc)
        return ModelResult(
            cycles=end,
            segments=read_segments(self._program.steps, 0, end, _words(stamps), _words(records)),
            predict_s=time.monotonic() - started,
        )

    def _surroundings(self, number: int) -> Surroundings:
        """What step ``number`` finds."""
        words = STEP_WORDS * number + STEP_HEAD_WORDS
        return Surroundings(
            values=self._steps_address + 4 * words,
            before=tuple(step.kind for step in self._program.steps[:number]),
        )

    def _return(self, driver: Driver, config: Config) -> Cost:
        """From the last step to the end of the inference."""
        if config.soc.npu == "none":
            return driver.return_without_npu
        from_npu = self._program.steps[-1].kind is StepKind.NPU
        return driver.return_from_npu if from_npu else driver.return_from_cpu

    def _stream(self, step: Step, begin: int, config: Config, records: list[int]) -> int:
        """A command stream, and its records; returns the step's second time stamp."""
        replay = self._replayed(step.values["commands"], config)
        driver = cpu_figures(config.soc.cpu).driver
        start = begin + driver.start.at(config.soc)
        for mark in replay.marks:
            records += _record(mark, start)
        return start + replay.done + driver.finish.at(config.soc)

    def _replayed(self, address: int, config: Config) -> _Replayed:
        """The stream at ``address``, which takes its time whatever the CPU and the clock."""
        place = address, config.soc.memory_latency
        if place not in self._replays:
            replay = StreamReplay(self._streams[address], config)
            replay.run()
            if len(self._replays) == MOST_REPLAYS:
                del self._replays[next(iter(self._replays))]
            self._replays[place] = _Replayed(replay.marks, replay.done)
        return self._replays[place]


class _Replayed(NamedTuple):
    marks: Sequence[Mark]
    done: int


def run_model(program: Program, cpu_inputs: Mapping[int, Int8Array] | None = None) -> ModelResult:
    """Predict one inference; see `ModelBackend.run`."""
    return ModelBackend(program).run(cpu_inputs=cpu_inputs)


def _record(mark: Mark, start: int) -> list[int]:
    words = [mark.layer, start + mark.time]
    words += [mark.causes[name] for name, _ in CAUSES]
    words += [mark.events[name] for name, _ in EVENTS]
    return words + [0] * (RECORD_WORDS - len(RECORD))


def _words(values: Sequence[int]) -> bytes:
    return np.array(values, dtype=np.int64).astype(np.uint32).tobytes()
