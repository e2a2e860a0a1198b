"""One inference on a board, top to bottom: connect, see what it is, load, run, fetch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.mapper.memory import align
from tilewright.mapper.program.inputs import Tensor, input_parts
from tilewright.mapper.program.program import Program
from tilewright.sim.board.board import Board
from tilewright.sim.board.connect import Place, connected, load_firmware, meter, require_firmware
from tilewright.sim.progress import Progress
from tilewright.sim.results.result import RunResult
from tilewright.sim.rtl.backend import RtlResult, check_bound, read_result, result_ranges
from tilewright.sim.run.publish import RunRequest, run


@dataclass(frozen=True, kw_only=True)
class BoardRequest:
    """What the command line asks for; ``asked`` are fields of the configuration that the board's
    must agree with; ``trust`` and ``signature`` are as those of `RunRequest`.
    """

    place: Place
    model: str
    asked: Mapping[str, int | str]
    input: Path | None = None
    json: Path | None = None
    report: Path | None = None
    trust: Path | None = None
    signature: Path | None = None
    config_file: Path | None = None


def run_on_board(request: BoardRequest, progress: Progress) -> RunResult:
    """Run one inference on the board at ``request.place``; print and write as `RunRequest` does.

    Raises:
        RequestError: no port, nobody there, or another configuration than the one asked for; what
            `sim.run.publish.run` raises.
        CheckError: the board fails, or can no longer be understood; outputs are wrong.
    """
    with connected(request.place, progress) as board:
        require_config(board.config, request.asked, request.place.port)

        def run_chip(program: Program, inputs: Mapping[str, Tensor]) -> RtlResult:
            load_firmware(board, program.step_kinds, progress)
            with progress.step("Looking at the firmware"):
                require_firmware(board, program.step_kinds)
            return run_program(board, program, inputs, progress)

        return run(
            RunRequest(
                model=request.model,
                config=board.config,
                backend="board",
                input=request.input,
                json=request.json,
                report=request.report,
                trust=request.trust,
                signature=request.signature,
                config_file=request.config_file,
            ),
            progress,
            run_chip,
        )


def require_config(config: Config, asked: Mapping[str, int | str], port: str) -> None:
    """Raise RequestError unless the board's configuration agrees with what is asked for."""
    found = config.flat()
    for key, value in asked.items():
        if found[key] != value:
            raise RequestError(
                f"--port {port}: the board has {key} = {found[key]}, asked for is "
                f"{value}; leave the option out, or build the bitstream for it"
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
        board.run(program.cycle_bound + check_bound(program))
    memory = [board.read(address, count) for address, count in result_ranges(program)]
    return replace(read_result(program, memory), simulate_s=time.monotonic() - started)


def _load(board: Board, program: Program, progress: Progress) -> None:
    with progress.step("Looking for the Program"):
        if board.holds(program.base, program.image):
            return
    first, end = board.greeting.writable
    for begin, count in _used(program, first, end):
        with progress.step("Testing the board's memory") as step:
            board.test(begin, count, meter(step, count))
    with progress.step("Loading the Program") as step:
        board.write(program.base, program.image, meter(step, len(program.image)))
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
