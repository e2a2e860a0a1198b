"""Runs a built model in a process of its own: memory in, memory out, and what happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cocotb_tools.config
import find_libpython
import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.verification.cosim.chip import memory_arguments

ABOVE = Path(__file__).parents[3]
"""Where the package is imported from."""


@dataclass(frozen=True)
class Job:
    """One run.

    Parameters
    ----------
    config: what the model was built from, and main memory.
    image: main memory's bytes from MEMORY_BASE on; the rest is zero.
    ranges: (address, bytes) of what to read back, anywhere in main memory.
    cycle_limit: the watchdog.
    waves: FST file to write, in the time of the configuration's clock; the model must be built
        for it.
    window: (first, last) cycle since reset that the waves show; None: all.
    constants: (address, bytes) of what lies in the weight memory, if the configuration has one.
    activity: whether to note when which engine of the accelerator worked.
    """

    config: Config
    image: bytes
    ranges: Sequence[tuple[int, int]]
    cycle_limit: int
    waves: Path | None = None
    activity: bool = False
    window: tuple[int, int] | None = None
    constants: tuple[int, int] | None = None


@dataclass
class Outcome:
    """What happened.

    Attributes
    ----------
    reason: "finished", "watchdog" or "bus_error".
    status: what firmware wrote to FINISHER.EXIT, if it did.
    cycle: cycles since the start of the simulation.
    cpu_pc: address of the last instruction.
    trap: cause, pc and value as firmware left them.
    npu: STATUS, DEBUG and COMPLETED, unless all went well; None where nothing answered.
    uart: everything printed.
    memory: the bytes of each range.
    activity: (engine, first cycle, cycle behind the last) of each stretch of work, in the timer's
        cycles, engines numbered as in hw.spec.profile.ACTIVITIES.
    memory_events: device, event and cycle of what memory did, a row each (main_memory.sv).
    simulate_s: seconds of host time.
    log: the simulator's output.
    """

    reason: str = ""
    status: int = 0
    cycle: int = 0
    cpu_pc: int = 0
    trap: tuple[int, int, int] = (0, 0, 0)
    npu: dict[str, int | None] = field(default_factory=dict)
    uart: str = ""
    memory: list[bytes] = field(default_factory=list)
    activity: list[tuple[int, int, int]] = field(default_factory=list)
    memory_events: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((0, 3), dtype=np.int64)
    )
    simulate_s: float = 0.0
    log: Path = Path()


def simulate(
    executable: Path, job: Job, folder: Path, on_cycle: Callable[[int], None] = lambda _: None
) -> Outcome:
    """Run ``executable`` in ``folder`` (which exists), calling ``on_cycle`` now and then.

    Raises RequestError when this Python cannot be loaded into the simulator, TilewrightError when
    the simulator fails.
    """
    word_bytes = job.config.npu.bus_bytes
    words = [_words(address, length, word_bytes) for address, length in job.ranges]
    image, ranges, dump = folder / "image.bin", folder / "ranges.txt", folder / "dump.bin"
    activity, events = folder / "activity.txt", folder / "memory_events.txt"
    acts = not job.config.memory_is_constant
    image.write_bytes(reversed_words(job.image, word_bytes))
    ranges.write_text("".join(f"{first} {count}\n" for first, count in words))
    arguments = [
        f"+image={image}",
        *memory_arguments(job.config, job.constants),
        f"+ranges={ranges}",
        f"+dump={dump}",
        f"+cycle_limit={job.cycle_limit}",
        *_wave_arguments(job),
        *([f"+activity={activity}"] if job.activity else []),
        *([f"+memory_events={events}"] if acts else []),
    ]
    outcome = Outcome(log=folder / "simulator.log")
    started = time.monotonic()
    returncode = _execute([str(executable), *arguments], folder, outcome, on_cycle)
    outcome.simulate_s = time.monotonic() - started
    if not outcome.reason or returncode:
        raise TilewrightError(
            f"the simulator ended early (exit status {returncode}); its output is in {outcome.log}"
        )
    memory, position = dump.read_bytes(), 0
    for (address, length), (_, count) in zip(job.ranges, words, strict=True):
        begin = position + (address - MEMORY_BASE) % word_bytes
        outcome.memory.append(memory[begin : begin + length])
        position += count * word_bytes
    if job.activity:
        for line in activity.read_text().splitlines():
            engine, begin, end = map(int, line.split())
            outcome.activity.append((engine, begin, end))
    if acts:
        values = np.array(events.read_text().split(), dtype=np.int64)
        outcome.memory_events = values.reshape(-1, 3)
    return outcome


def _wave_arguments(job: Job) -> list[str]:
    if job.waves is None:
        return []
    window = [f"+waves_from={job.window[0]}", f"+waves_to={job.window[1]}"] if job.window else []
    clock = f"+waves_clock_hz={job.config.soc.clock_hz}"
    return [f"+waves={job.waves.absolute()}", clock, *window]


def _words(address: int, length: int, word_bytes: int) -> tuple[int, int]:
    """First word and number of words that hold the range."""
    offset = address - MEMORY_BASE
    first = offset // word_bytes
    return first, -(-(offset + length) // word_bytes) - first


def reversed_words(image: bytes, word_bytes: int) -> bytes:
    """Main memory's bytes as main_memory.sv reads them: each word's last byte first."""
    padded = image + bytes(-len(image) % word_bytes)
    return np.frombuffer(padded, np.uint8).reshape(-1, word_bytes)[:, ::-1].tobytes()


def _execute(
    command: list[str], folder: Path, outcome: Outcome, on_cycle: Callable[[int], None]
) -> int:
    """Run the simulator and take its events as they come."""
    reader, writer = os.pipe()
    environment = _environment(folder) | {"TILEWRIGHT_EVENTS": str(writer)}
    with outcome.log.open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(writer,),
        )
    os.close(writer)
    try:
        with os.fdopen(reader) as events:
            for line in events:
                _take(json.loads(line), outcome, on_cycle)
        return process.wait()
    finally:
        # Whoever interrupts us does not leave a simulator behind.
        if process.poll() is None:
            process.kill()
            process.wait()


def _take(event: dict[str, Any], outcome: Outcome, on_cycle: Callable[[int], None]) -> None:
    outcome.uart += event.get("uart", "")
    outcome.npu |= event.get("npu", {})
    if "cycle" in event:
        on_cycle(event["cycle"])
    if end := event.get("end"):
        outcome.reason = end["reason"]
        outcome.status = end["status"]
        outcome.cycle = end["cycle"]
        outcome.cpu_pc = end["cpu_pc"]
        outcome.trap = (end["trap_cause"], end["trap_pc"], end["trap_value"])


def _environment(folder: Path) -> dict[str, str]:
    """What cocotb's library in the simulator needs to load this Python and our bench."""
    libpython = find_libpython.find_libpython()
    if libpython is None:
        raise RequestError(
            f"{sys.executable}: this Python has no shared library (libpython), which the simulator "
            "loads; use one built with --enable-shared, as distributions and pyenv's "
            "PYTHON_CONFIGURE_OPTS=--enable-shared give"
        )
    paths = [str(cocotb_tools.config.libs_dir), os.environ.get("LD_LIBRARY_PATH", "")]
    return os.environ | {
        "LD_LIBRARY_PATH": os.pathsep.join(path for path in paths if path),
        "PYTHONPATH": os.pathsep.join([str(ABOVE), *(path for path in sys.path if path)]),
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{libpython};{cocotb_tools.config.pygpi_entry_point()}",
        "COCOTB_TOPLEVEL": "top",
        "COCOTB_TEST_MODULES": "tilewright.verification.cosim.bench",
        "COCOTB_RESULTS_FILE": str(folder / "results.xml"),
        "COCOTB_LOG_LEVEL": "WARNING",
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "TOPLEVEL_LANG": "verilog",
    }
