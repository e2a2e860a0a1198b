"""One inference on a board, top to bottom: connect, see what it is, load, run, fetch."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from firmware.build import build_firmware
from hw.spec.config import Config
from hw.spec.errors import CheckError, RequestError
from hw.spec.registers import MEMORY_BASE
from mapper.memory import align
from mapper.program import Program
from sim.board.board import Board, OnBytes
from sim.board.link import Link, Timing
from sim.board.port import is_simulated, opened_port
from sim.progress import Progress, Step
from sim.result import RunResult
from sim.rtl import RtlResult, Tensor, input_parts, read_result, result_ranges
from sim.run import RunRequest, run

PATIENCE_S = 3.0
SIMULATED_PATIENCE_S = 60.0
"""Silence after which a board, or a simulated one, is taken for dead."""

SIMULATED_HZ = 20_000.0
"""Cycles a second that every simulated board reaches."""


@dataclass(frozen=True, kw_only=True)
class BoardRequest:
    """What the command line asks for; ``asked`` are fields of the configuration that the board's
    must agree with.
    """

    port: str
    baud: int
    model: str
    asked: Mapping[str, int | str]
    timeout_s: float | None = None
    input: Path | None = None
    json: Path | None = None
    report: Path | None = None


def run_on_board(request: BoardRequest, progress: Progress) -> RunResult:
    """Run one inference on the board at ``request.port``, print and write as `sim.run.run`.

    Raises:
        RequestError: no port, nobody there, or another configuration than the one asked for; what
            `sim.run.run` raises.
        CheckError: the board fails, or can no longer be understood; outputs are wrong.
    """
    with _connected(request, progress) as board:
        _require_config(board.config, request)
        with progress.step("Looking at the firmware"):
            require_firmware(board)

        def run_chip(program: Program, inputs: Mapping[str, Tensor]) -> RtlResult:
            return run_program(board, program, inputs, progress)

        return run(
            RunRequest(
                model=request.model,
                config=board.config,
                backend="board",
                input=request.input,
                json=request.json,
                report=request.report,
            ),
            progress,
            run_chip,
        )


@contextmanager
def _connected(request: BoardRequest, progress: Progress) -> Generator[Board]:
    simulated = is_simulated(request.port)
    patience = request.timeout_s or (SIMULATED_PATIENCE_S if simulated else PATIENCE_S)
    with opened_port(request.port, request.baud, patience) as port:
        with progress.step(f"Greeting the board at {request.port}"):
            link = Link(port, Timing(request.baud, patience))
            board = Board(link, SIMULATED_HZ if simulated else None)
        if board.greeting.failed:
            raise CheckError(
                f"--port {request.port}: the board's self-test failed: "
                f"{', '.join(board.greeting.failed)}"
            )
        if board.greeting.boot:
            with progress.step("Loading the firmware") as step:
                image = build_firmware(board.config)
                board.write(MEMORY_BASE, image, _meter(step, len(image)))
                board.start(MEMORY_BASE)
        yield board


def require_firmware(board: Board) -> None:
    """Raise RequestError unless the board's firmware is, byte for byte, this version's."""
    if not board.holds(MEMORY_BASE, build_firmware(board.config)):
        raise RequestError(
            "the board's firmware is not this version's, so its cycles would be others; build its "
            "bitstream again"
        )


def _require_config(config: Config, request: BoardRequest) -> None:
    found = config.flat()
    for key, value in request.asked.items():
        if found[key] != value:
            raise RequestError(
                f"--port {request.port}: the board has {key} = {found[key]}, asked for is {value}; "
                "leave the option out, or build the bitstream for it"
            )


def run_program(
    board: Board, program: Program, inputs: Mapping[str, Tensor], progress: Progress
) -> RtlResult:
    """Load and run ``program``, unless it is there already, and fetch what it leaves."""
    parts = input_parts(program, inputs)
    started = time.monotonic()
    _load(board, program, progress)
    for address, data in parts:
        board.write(address, data)
    with progress.step("Running on the board"):
        board.run(program.cycle_bound)
    memory = [board.read(address, count) for address, count in result_ranges(program)]
    return replace(read_result(program, memory), simulate_s=time.monotonic() - started)


def _load(board: Board, program: Program, progress: Progress) -> None:
    with progress.step("Looking for the Program"):
        if board.holds(program.base, program.image):
            return
    first, end = board.greeting.writable
    for begin, count in _used(program, first, end):
        with progress.step("Testing the board's memory") as step:
            board.test(begin, count, _meter(step, count))
    with progress.step("Loading the Program") as step:
        board.write(program.base, program.image, _meter(step, len(program.image)))
    if not board.holds(program.base, program.image):
        raise CheckError("the board's memory does not hold the Program that was loaded into it")


def _used(program: Program, first: int, end: int) -> list[tuple[int, int]]:
    """(address, bytes) of the memory that the Program uses: its image from ``first`` on, and its
    buffers, which lie at the end of memory.
    """
    image_end = align(program.base + len(program.image), 4)
    addresses = (
        *(port.address for port in (*program.inputs, *program.outputs)),
        *(use.address for use in program.memory_plan if use.space == "memory"),
        program.times_address,
        program.total_address,
        *([program.profile_address] if program.profile_records else []),
    )
    buffers = max(image_end, min(addresses) & ~3)
    return [(first, image_end - first), (buffers, end - buffers)]


def _meter(step: Step, count: int) -> OnBytes:
    """Shows at ``step`` how many of ``count`` bytes are done, and their rate."""

    def on_bytes(done: int) -> None:
        rate = done / max(step.elapsed_s, 1e-3)
        step.detail = f"{done / 1024:,.0f} of {count / 1024:,.0f} KiB, {rate / 1024:,.1f} KiB/s"

    return on_bytes
