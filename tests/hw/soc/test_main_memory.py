"""The simulation model of main memory: its timing against a description, its answers by content."""

import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tests.memory_reference import (
    Device,
    ReferenceMemory,
    Timing,
    random_requests,
    random_timing,
)
from tilewright.hw.verilog import memory_models
from tilewright.verification.cosim.verilate import COMMON_FLAGS, executable_of
from tilewright.verification.tools.toolchain import find_compiler

HERE = Path(__file__).parent / "memory"
BUS_BYTES = 8
BYTES = 16384
CONSTANTS = (4096, 8192)

pytestmark = [pytest.mark.rtl]


@pytest.fixture(scope="module")
def bench():
    """One build for all timings."""
    files = [*memory_models(), HERE / "top.sv", HERE / "main.cpp"]
    flags = [*COMMON_FLAGS, "--no-timing", f"-GBUS_BYTES={BUS_BYTES}"]
    sources = {path.name: path.read_text() for path in files}
    return executable_of(sources, flags, find_compiler(), lambda _: None)[0]


def run(bench, timings, requests, folder):
    """Cycles in which requests were taken; (cycle, error, value) of the answers; the events.

    Memory holds zeros at first.
    """
    events, image = folder / "events.txt", folder / "image.bin"
    image.write_bytes(bytes(BYTES))
    names = ("memory", "weight_memory")
    arguments = [
        f"+{name}_{field}={value}"
        for name, timing in zip(names, timings, strict=True)
        for field, value in asdict(timing).items()
    ]
    arguments += [f"+constants={CONSTANTS[0]}", f"+constants_end={CONSTANTS[1]}"]
    text = "".join(
        f"{pause} {offset} {write:d} {value}\n" for pause, offset, write, value in requests
    )
    done = subprocess.run(
        [bench, *arguments, f"+image={image}", f"+memory_events={events}"],
        input=text, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    taken, answers = [], []
    for line in done.stdout.splitlines():
        word, *numbers = line.split()
        if word == "taken":
            taken.append(int(numbers[0]))
        elif word == "answered":
            answers.append(tuple(map(int, numbers)))
    lines = [tuple(map(int, line.split())) for line in events.read_text().splitlines()]
    return taken, answers, lines


def expected_of(timings, requests, last_cycle):
    """As `run`, from the description; the contents of memory from a dictionary."""
    memory = ReferenceMemory(
        BUS_BYTES, *CONSTANTS, tuple(Device(timing, BUS_BYTES) for timing in timings)
    )
    contents: dict[int, int] = {}
    taken, answers, now = [], [], 0
    for pause, offset, write, value in requests:
        for _ in range(pause):
            memory.cycle(now, None)
            now += 1
        while not (answer := memory.cycle(now, (offset, bool(write)))):
            now += 1
        taken.append(now)
        inside = offset < BYTES
        found = contents.get(offset, 0) if inside and not write else None
        answers.append((answer, int(not inside), found))
        if write and inside:
            contents[offset] = value
        now += 1
    for cycle in range(now, last_cycle):
        memory.cycle(cycle, None)
    events = [
        (number, kind, cycle)
        for number, device in enumerate(memory.devices)
        for kind, cycles in enumerate((device.opened, device.refreshed))
        for cycle in cycles
    ]
    return taken, answers, sorted(events)


@pytest.mark.parametrize("seed", range(12))
def test_every_request_is_taken_and_answered_in_its_cycle(bench, seed, tmp_path):
    """In order, each once, whatever the two memories and however long the bus is held.

    Some requests go beyond the memory's end, which is an error as late as an answer.
    """
    rng = np.random.default_rng([seed, 5])
    timings = (random_timing(rng), random_timing(rng))
    plain = random_requests(rng, 300, BUS_BYTES, BYTES + 1024)
    requests = [(*request, int(rng.integers(1 << 32))) for request in plain]
    taken, answers, events = run(bench, timings, requests, tmp_path)
    last_cycle = max(taken) + 201
    wanted_taken, wanted, wanted_events = expected_of(timings, requests, last_cycle)
    assert taken == wanted_taken
    shown = zip(answers, requests, strict=True)
    # What comes with the answer to a write, or with an error, means nothing.
    assert [
        (cycle, error, None if write or error else value)
        for (cycle, error, value), (_, _, write, _) in shown
    ] == wanted
    assert sorted(events) == wanted_events


def test_a_memory_that_nothing_is_told_of_answers_each_cycle(bench, tmp_path):
    requests = [(0, 8 * i, 0, 0) for i in range(20)]
    taken, answers, events = run(bench, (Timing(), Timing()), requests, tmp_path)
    assert taken == list(range(20))
    assert [cycle for cycle, _, _ in answers] == list(range(1, 21))
    assert events == []
