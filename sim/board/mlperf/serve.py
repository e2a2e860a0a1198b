"""A device that MLPerf Tiny's runner can measure, top to bottom: network, chip, terminal."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.mapper.program.program import Program
from tilewright.sim.board.board import Board
from tilewright.sim.board.connect import load_firmware, require_firmware
from tilewright.sim.board.mlperf.benchmarks import Codec, find_benchmark
from tilewright.sim.board.mlperf.chip import Chip, Source, Tensors
from tilewright.sim.board.mlperf.protocol import Device, Timing
from tilewright.sim.board.mlperf.terminal import Terminal, opened_terminal
from tilewright.sim.board.run import run_program
from tilewright.sim.networks.network_file import NetworkFile, open_network
from tilewright.sim.networks.zoo import ZOO_NAMES
from tilewright.sim.progress import Progress
from tilewright.sim.report.units import quantity
from tilewright.sim.rtl.backend import RtlResult, run_rtl
from tilewright.sim.run.evaluate import RunChip

USUAL = "vww"
"""The benchmark where neither it nor a network is named."""

HOLD_S = 2.0
"""Of the host's time, that the answer to an `infer` of several inferences takes at least unless the
user chooses: the runner rejects five that took less than 10 s.
"""


@dataclass(frozen=True, kw_only=True)
class MlperfRequest:
    """What the command line asks for.

    Attributes
    ----------
    benchmark: its name; None: the network tells.
    model: file or built-in network; None: the built-in one of the benchmark, or VWW.
    source: where cycles come from.
    hold_s: as HOLD_S.
    """

    benchmark: str | None
    model: str | None
    config: Config
    source: Source
    hold_s: float = HOLD_S


def serve_simulated(request: MlperfRequest, progress: Progress) -> None:
    """Answer the runner with a chip that is simulated here, until interrupted.

    Raises RequestError where the network does not fit the chip or no benchmark, CheckError where
    the chip fails its check.
    """

    def run_chip(program: Program, inputs: Tensors) -> RtlResult:
        return run_rtl(program, inputs, progress=progress)

    _serve(_opened(request, progress), request, run_chip, progress)


def serve_board(request: MlperfRequest, board: Board, progress: Progress) -> None:
    """Answer the runner with a board, whose own protocol it does not speak, until interrupted."""
    network = _opened(request, progress)

    def run_chip(program: Program, inputs: Tensors) -> RtlResult:
        load_firmware(board, program.step_kinds, progress)
        require_firmware(board, program.step_kinds)
        return run_program(board, program, inputs, progress)

    _serve(network, request, run_chip, progress)


def _opened(request: MlperfRequest, progress: Progress) -> NetworkFile:
    model = request.model or request.benchmark or USUAL
    if request.model is None and model not in ZOO_NAMES:
        raise RequestError(
            f"--mlperf {shown(model)}: no built-in network has this name; name its file with "
            "--model"
        )
    network = open_network(model, progress)
    for note in network.notes:
        progress.note(f"Note: {note}")
    return network


def _serve(
    network: NetworkFile, request: MlperfRequest, run_chip: RunChip, progress: Progress
) -> None:
    benchmark = find_benchmark(request.benchmark, network.graph, request.model or network.name)
    codec = Codec(benchmark, network.graph)
    chip = Chip(network, request.config, request.source, run_chip, progress.note)
    with opened_terminal() as terminal, suppress(KeyboardInterrupt):
        pace = Pace()
        clock_hz = chip.config.soc.clock_hz

        def done(timing: Timing) -> None:
            pace.rest()
            progress.note(_logged(timing, clock_hz))

        device = Device(
            benchmark, codec, chip, terminal.say, hold_s=request.hold_s, spend=pace.spend, done=done
        )
        device.boot()
        print(
            f"{terminal.name} is the serial port of an MLPerf Tiny device, {benchmark.model_id}; "
            "Ctrl-C ends it",
            flush=True,
        )
        _answer(device, terminal, pace)


def _answer(device: Device, terminal: Terminal, pace: Pace) -> None:
    while True:
        text = terminal.receive()
        pace.rest()
        with terminal.kept_awake():
            device.receive(text)


def _logged(timing: Timing, clock_hz: int) -> str:
    measured = quantity(timing.count * timing.cycles / clock_hz, "s")
    return (
        f"infer {timing.count} {timing.warmups}: {timing.cycles:,} cycles an inference "
        f"({timing.found}); {timing.count:,} times that is {measured} at {clock_hz / 1e6:g} MHz"
    )


class Pace:
    """Lets the chip's time pass on the host: an answer never comes earlier than the chip's own.

    Time that the host has taken to compute the answer counts.
    """

    def __init__(self) -> None:
        self._due: float = 0.0

    def rest(self) -> None:
        """Between commands the chip's clock stands still."""
        self._due = time.monotonic()

    def spend(self, seconds: float) -> None:
        """``seconds`` of the chip's time, since it last rested."""
        self._due += seconds
        time.sleep(max(0.0, self._due - time.monotonic()))
