"""Firmware over one inference: its machine code on the instruction-set simulator."""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from tilewright.firmware.build import build_firmware
from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.program import TIME_WORDS
from tilewright.hw.spec.soc_config import SocConfig
from tilewright.hw.spec.steps import NPU
from tilewright.hw.spec.timing import FETCH_BYTES, FIRST_FETCH
from tilewright.mapper.program.program import Program
from tilewright.sim.functional.watched import Read
from tilewright.sim.model.cpu.simulator import Chip, Iss
from tilewright.sim.results.memory_events import MemoryEvents

STREAM_BEGINS = 24
"""Cycles from a stream's first request in which the CPU's requests hold it up; no stream is over
by then."""

MOST_KEPT = 64
MOST_EVENTS = 1 << 24
"""Inferences without streams that are kept, and events of memory with them; the one used longest
ago goes first."""

Values = Mapping[int, Sequence[Read]]
"""By number of step, what it reads that no step of the CPU has written."""


@dataclass(frozen=True)
class StreamStart:
    """``cycle``: the one from which the replay counts. ``requests``: beats that the CPU asks for
    beside the stream's first commands."""

    cycle: int
    requests: int


@dataclass(frozen=True)
class Times:
    """Firmware's time stamps: cycles at the begin and the end, and the bytes of all steps'.

    ``memory``: what memory did, as `sim.results.memory_events` reads it.
    """

    begin: int
    end: int
    steps: bytes
    memory: MemoryEvents


class Firmware:
    """One inference: a stream's start and its end in turns, then the times."""

    def __init__(self, program: Program, config: Config, values: Values) -> None:
        """``config``: the Program's with another CPU, main memory or clock."""
        self._program, self._values = program, values
        self._behind = 0
        self._beats = FETCH_BYTES // config.npu.bus_bytes
        self._iss = Iss(
            config,
            firmware_for(config),
            [(program.base, program.image)],
            end_address=program.total_address + 4,
            weights=(program.base, len(program.image)),
        )
        self._write_values()

    def stream(self) -> StreamStart | None:
        """Run up to the next stream's first requests; None where there is no further one."""
        if self._iss.run() == "end":
            return None
        start = self._iss.state().stream_start
        first = start + FIRST_FETCH + 1
        self._iss.run(first)
        before = self._iss.state().beats
        self._iss.commands(self._beats)
        self._iss.run(first + STREAM_BEGINS)
        return StreamStart(start, self._iss.state().beats - before)

    def stream_beside(self) -> Chip | None:
        """Run up to the next stream's start; what the replay takes along. None: there is no further
        one."""
        if self._iss.run() == "end":
            return None
        start = self._iss.state().stream_start
        self._iss.run(start + 1)
        return self._iss.beside(start)

    def stream_ends(self, cycle: int) -> None:
        """The stream's interrupt rises in this cycle; what it has stored is in main memory."""
        self._iss.interrupt(cycle)
        self._behind += 1
        self._write_values()

    def read(self, address: int, size: int) -> bytes:
        """Bytes of main memory."""
        return self._iss.read(address, size)

    def times(self) -> Times:
        """Of an inference that is over."""
        program = self._program
        begin, end = struct.unpack("<II", self.read(program.total_address, 8))
        size = 4 * TIME_WORDS * len(program.steps)
        steps = self.read(program.times_address, size)
        return Times(begin, end, steps, self._iss.memory_events())

    def _write_values(self) -> None:
        """What the steps up to the next stream read."""
        streams = 0
        for number, step in enumerate(self._program.steps):
            if step.kind == NPU:
                streams += 1
            elif streams == self._behind:
                for read in self._values.get(number, ()):
                    self._iss.write(step.values[read.parameter] + read.offset, read.data)


_kept: OrderedDict[bytes, Times] = OrderedDict()


def times_without_streams(program: Program, config: Config, values: Values) -> Times:
    """Of an inference on the CPU alone, which takes its time whatever the accelerator.

    Such inferences take millions of cycles, so the last ones are kept.
    """
    key = _content(program, config, values)
    if key not in _kept:
        firmware = Firmware(program, config, values)
        assert firmware.stream() is None
        _kept[key] = firmware.times()
        while len(_kept) > MOST_KEPT or (
            len(_kept) > 1 and sum(len(times.memory) for times in _kept.values()) > MOST_EVENTS
        ):
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key]


def _content(program: Program, config: Config, values: Values) -> bytes:
    """A hash of all that the times depend on."""
    soc = config.soc
    chip = (replace(soc, clock_hz=SocConfig().clock_hz), config.npu.bus_bytes)
    key = hashlib.sha256(repr(chip).encode())
    key.update(firmware_for(config))
    key.update(program.image)
    for number, reads in values.items():
        for read in reads:
            key.update(f"{number} {read.parameter} {read.offset} {read.data.size} ".encode())
            key.update(read.data.tobytes())
    return key.digest()


def firmware_for(config: Config) -> bytes:
    """The machine code for a configuration; looked up in the cache once for each kind of chip."""
    return _built(config.soc.cpu, config.soc.npu)


@lru_cache(maxsize=16)
def _built(cpu: str, npu: str) -> bytes:
    return build_firmware(make_config({"cpu": cpu, "npu": npu}))
