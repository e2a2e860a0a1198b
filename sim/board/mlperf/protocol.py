"""The serial protocol that MLPerf Tiny's runner speaks, on the device's side.

A command ends with ``%``; lines of the answer end with CR and LF, the answer with ``m-ready``.
Source: github.com/mlcommons/tiny, benchmark/api/internally_implemented.cpp, whose words the runner
looks for. Time stamps are the chip's: its clock counts the cycles of inferences, and stands still
between commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.sim.board.mlperf.benchmarks import Benchmark, Codec
from tilewright.sim.board.mlperf.chip import Chip

COMMAND_END = "%"
COMMAND_CHARACTERS = 80
"""That are kept of a command, as in the reference's buffer."""

BUFFER_BYTES = 96 * 96 * 3
"""Of the reference's buffer for an input; ours is larger where the network's input is."""

FIRMWARE = "ULPMark for tinyML Firmware V0.0.1"
VENDOR = "tilewright"
PRINTED_BYTES = 8
"""Of the buffer, on a line of `db print`."""

MOST_INFERENCES = 1_000_000
"""Of one command: the slowest network takes days for as many."""

WARMUPS = 10
"""Of an `infer` that says nothing of them."""

HELP = (
    FIRMWARE,
    "",
    "help         : this list",
    "name         : the device's name",
    "timestamp    : microseconds of the chip's clock",
    "profile      : firmware and benchmark",
    "db load N    : expect N bytes of input",
    "db HH[HH]*   : bytes of input, in hexadecimal",
    "db print     : the bytes that have come",
    "infer N [W]  : N inferences after W (10) that warm up",
    "results      : the last inference's result",
    "start        : a new stream: first values of the network's states",
    "stop         : results since start",
)

_NUMBER = re.compile(r"\s*([+-]?\d+)")


@dataclass(frozen=True)
class Timing:
    """What an `infer` took, for the log and for whoever keeps time.

    Attributes
    ----------
    count, warmups: inferences.
    cycles: of one of them, in chip cycles.
    found: how they were found.
    seconds: of the chip's time, warm-up included.
    """

    count: int
    warmups: int
    cycles: int
    found: str
    seconds: float


class Device:
    """A device under test: characters in, lines out.

    Parameters
    ----------
    benchmark, codec, chip: what runs.
    say: called with each line, without its end.
    hold_s: of the host's time, that the measured part of an `infer` of several inferences takes at
        least; time stamps know nothing of it.
    spend: called within an `infer` with seconds to let pass on the host.
    done: called with what an `infer` took.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        codec: Codec,
        chip: Chip,
        say: Callable[[str], None],
        *,
        hold_s: float = 0.0,
        spend: Callable[[float], None] = lambda _: None,
        done: Callable[[Timing], None] = lambda _: None,
    ) -> None:
        self._benchmark = benchmark
        self._codec = codec
        self._chip = chip
        self._say = say
        self._hold_s = hold_s
        self._spend = spend
        self._done = done
        self._command = ""
        self._wanted = 0
        self._buffer = bytearray()
        self._result: Sequence[float] | None = None
        self._stream: list[Sequence[float]] | None = None
        self._cycles = 0

    def boot(self) -> None:
        """What a device says when it starts."""
        self._say("m-timestamp-mode-performance")
        self._timestamp()
        self._say("m-init-done")
        self._ready()

    def receive(self, text: str) -> None:
        """Characters that came; a command is executed when its end has come."""
        for character in text:
            if character == COMMAND_END:
                command, self._command = self._command, ""
                self._execute(command.split())
            elif len(self._command) < COMMAND_CHARACTERS:
                self._command += character

    def _execute(self, words: list[str]) -> None:
        command, arguments = (words[0], words[1:]) if words else ("", [])
        match command:
            case "name":
                self._say(f"m-name-dut-[{VENDOR}]")
            case "timestamp":
                self._timestamp()
            case "profile":
                self._say(f"m-profile-[{FIRMWARE}]")
                self._say(f"m-model-[{self._benchmark.model_id}]")
            case "help":
                for line in HELP:
                    self._say(line)
            case "db":
                self._db(arguments)
            case "infer":
                self._infer(arguments)
            case "results":
                self._results()
            case "start":
                self._start()
            case "stop":
                self._stop()
            case _:
                self._say(f"e-[Unknown command: {command}]")
        self._ready()

    def _ready(self) -> None:
        self._say("m-ready")

    def _timestamp(self) -> None:
        self._say(f"m-lap-us-{self._cycles * 1_000_000 // self._chip.config.soc.clock_hz}")

    def _db(self, arguments: list[str]) -> None:
        match arguments:
            case []:
                self._say("e-[Command 'db' requires a subcommand]")
            case ["load"]:
                self._say("e-[Command 'db load' requires the # of bytes]")
            case ["load", size, *_]:
                self._expect(_number(size))
            case ["print", *_]:
                for at in range(0, len(self._buffer), PRINTED_BYTES):
                    part = self._buffer[at : at + PRINTED_BYTES]
                    self._say("m-buffer-" + part.hex("-"))
            case _:
                self._load(arguments[0])

    def _expect(self, size: int) -> None:
        room = max(BUFFER_BYTES, self._codec.input_bytes)
        if size <= 0:
            self._say("e-[Command 'db load' must be >0 bytes]")
        elif size > room:
            self._say(f"e-[Supplied buffer size {size} exceeds maximum of {room}]")
        else:
            self._wanted = size
            self._buffer.clear()
            self._say(f"m-[Expecting {size} bytes]")

    def _load(self, digits: str) -> None:
        if len(digits) % 2:
            self._say("e-[Insufficent number of hex digits]")
            return
        for at in range(0, len(digits), 2):
            pair = digits[at : at + 2]
            if re.fullmatch("[0-9a-fA-F]{2}", pair) is None:
                self._say(f"e-[Invalid hex digit '{pair}']")
                return
            if len(self._buffer) >= self._wanted:
                self._say("e-[Nothing is expected: db load N comes first]")
                return
            self._buffer.append(int(pair, 16))
            if len(self._buffer) == self._wanted:
                # What follows on the line is passed by, as the reference does.
                self._say("m-load-done")
                return

    def _infer(self, arguments: list[str]) -> None:
        count = _number(arguments[0]) if arguments else 1
        warmups = _number(arguments[1]) if len(arguments) > 1 else WARMUPS
        if count <= 0:
            self._say("e-[Inference iterations must be >0]")
            return
        if warmups < 0:
            self._say("e-[Inference warmup must be >=0]")
            return
        if count + warmups > MOST_INFERENCES:
            self._say(f"e-[Inference iterations must be <={MOST_INFERENCES}, warmup included]")
            return
        data = bytes(self._buffer)
        size = self._codec.input_bytes
        whole = len(data) % size == 0 if self._benchmark.frames else len(data) in (0, size)
        if len(data) != self._wanted or not whole:
            # The reference infers what lies in its input: an answer to another question.
            expected = size if len(data) == self._wanted else self._wanted
            self._say(f"e-[Input db has {len(data)} bytes, expected {expected}]")
            return
        try:
            inputs = [self._codec.inputs(data[at : at + size]) for at in range(0, len(data), size)]
        except RequestError as error:
            self._say(f"e-[{_one_line(error)}]")
            return
        if not data:
            self._say("Input db is empty: zeros are inferred")
        self._say(f"m-warmup-start-{warmups}")
        try:
            answer = self._chip.infer(inputs or [self._codec.silence()], warmups + count)
        except (CheckError, RequestError) as error:
            self._say(f"e-[{_one_line(error)}]")
            raise
        self._pass(warmups * answer.cycles)
        self._say("m-warmup-done")
        self._say(f"m-infer-start-{count}")
        self._timestamp()
        self._pass(count * answer.cycles, self._hold_s if count > 1 else 0.0)
        self._timestamp()
        self._say("m-infer-done")
        self._result = self._codec.result(data[-size:], answer.outputs)
        if self._stream is not None:
            self._stream.append(self._result)
        self._results()
        seconds = (warmups + count) * answer.cycles / self._chip.config.soc.clock_hz
        self._done(Timing(count, warmups, answer.cycles, answer.found, seconds))

    def _pass(self, cycles: int, least_s: float = 0.0) -> None:
        self._cycles += cycles
        self._spend(max(least_s, cycles / self._chip.config.soc.clock_hz))

    def _results(self) -> None:
        if self._result is None:
            self._say("e-[No inference has ended yet]")
        else:
            self._say(f"m-results-[{_listed(self._result)}]")

    def _start(self) -> None:
        self._chip.reset_states()
        self._stream = []
        self._say("m-[Streaming: frames come by db and infer]")

    def _stop(self) -> None:
        if self._stream is None:
            self._say("m-[Not streaming]")
            return
        if self._stream:
            self._say("target activations:")
            self._say(f"[{', '.join(f'{result[0]:.3f}' for result in self._stream)}]")
        self._stream = None


def _listed(values: Sequence[float]) -> str:
    return ",".join(f"{value:.3f}" for value in values)


def _number(text: str) -> int:
    """As C's atoi: the number that a text begins with, or 0."""
    found = _NUMBER.match(text)
    return int(found[1]) if found else 0


def _one_line(error: Exception) -> str:
    return str(error).partition("\n")[0].replace("]", ")")
