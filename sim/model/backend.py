"""The model backend: predicts what the chip's counters say, from the same Program, without values.

The accelerator's part is worked out from the command stream (`sim.model.stream`), firmware's and
the CPU's from `sim.model.cpu`. The result has the form of time stamps and profile records, and is
read as those of the chip.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.spec.commands import Command
from hw.spec.config import Config
from hw.spec.numerics import Int8Array
from hw.spec.profile import RECORD
from hw.spec.program import HEADER_WORDS, STEP_WORDS, TIME_WORDS, StepKind
from mapper.program import Program
from sim.model.cpu.figures import Cost, Driver, cpu_figures
from sim.model.cpu.operators import Surroundings, step_cycles
from sim.model.stream import Replayed, Stream
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


class ModelBackend:
    """A Program, decoded once, to be predicted for any main memory."""

    def __init__(self, program: Program) -> None:
        self._program = program
        header = zip((name for name, _ in HEADER_WORDS), program.words, strict=False)
        self._steps_address = dict(header)["steps_address"]
        self._streams = tuple(
            Stream(program.commands(step), program.config.npu)
            for step in program.steps
            if step.kind is StepKind.NPU
        )
        self._replays: dict[int, tuple[Replayed, ...]] = {}

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
        driver = cpu_figures(config.soc.cpu).driver
        stamps: list[int] = []
        records: list[list[int]] = []
        replays = iter(self._replayed(config))
        now = 0
        for number, step in enumerate(self._program.steps):
            begin, asleep = now, 0
            if step.kind is StepKind.NPU:
                replay, start = next(replays), begin + driver.start.at(config.soc)
                records += _later(replay.records, start).tolist()
                now = start + replay.done + driver.finish.at(config.soc)
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

    def _replayed(self, config: Config) -> tuple[Replayed, ...]:
        """All streams, which take their time whatever the CPU and the clock."""
        latency = config.soc.memory_latency
        if latency not in self._replays:
            found: list[Replayed] = []
            for stream in self._streams:
                found.append(stream.replay(config, found[-1].left if found else None))
            if len(self._replays) == MOST_REPLAYS:
                del self._replays[next(iter(self._replays))]
            self._replays[latency] = tuple(found)
        return self._replays[latency]


def _later(records: NDArray[np.int64], cycles: int) -> NDArray[np.int64]:
    """Records with later time stamps."""
    later = records.copy()
    later[:, RECORD.index("time")] += cycles
    return later


def _words(values: Sequence[int] | Sequence[Sequence[int]]) -> bytes:
    return np.array(values, dtype=np.int64).astype(np.uint32).tobytes()
