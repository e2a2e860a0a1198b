"""From the name of a port to a board that is there, and its firmware."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass

from tilewright.firmware.build import build_firmware
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.sim.board.board import Board, OnBytes
from tilewright.sim.board.link import Link, Timing
from tilewright.sim.board.port import is_simulated, opened_port
from tilewright.sim.progress import Progress, Step

PATIENCE_S = 3.0
SIMULATED_PATIENCE_S = 60.0
"""Silence after which a board, or a simulated one, is taken for dead."""

SIMULATED_HZ = 20_000.0
"""Cycles a second that every simulated board reaches."""


@dataclass(frozen=True)
class Place:
    """Where the board is: port, its rate, and the silence that means failure (None: the usual)."""

    port: str
    baud: int
    timeout_s: float | None = None


@contextmanager
def connected(place: Place, progress: Progress) -> Generator[Board]:
    """The board at ``place``, whose self-test has passed.

    Raises RequestError when there is no port or nobody answers, CheckError when the self-test has
    failed.
    """
    simulated = is_simulated(place.port)
    patience = place.timeout_s or (SIMULATED_PATIENCE_S if simulated else PATIENCE_S)
    with opened_port(place.port, place.baud, patience) as port:
        with progress.step(f"Greeting the board at {place.port}"):
            link = Link(port, Timing(place.baud, patience))
            board = Board(link, SIMULATED_HZ if simulated else None)
        if board.greeting.failed:
            raise CheckError(
                f"--port {place.port}: the board's self-test failed: "
                f"{', '.join(board.greeting.failed)}"
            )
        yield board


def load_firmware(board: Board, steps: Iterable[str], progress: Progress) -> None:
    """Give a boot stage the firmware for a Program with ``steps``.

    A board that has its firmware is left alone.
    """
    if board.greeting.boot:
        image = build_firmware(board.config, steps)
        with progress.step("Loading the firmware") as step:
            board.write(MEMORY_BASE, image, meter(step, len(image)))
            board.start(MEMORY_BASE)


def require_firmware(board: Board, steps: Iterable[str]) -> None:
    """Raise RequestError unless the board's firmware is, byte for byte, this version's.

    ``steps``: of the Program, for which a small CPU's firmware is made.
    """
    if not board.holds(MEMORY_BASE, build_firmware(board.config, steps)):
        if board.config.soc.chooses_kernels:
            raise RequestError(
                "the board's firmware is another version's, or was made for a network with other "
                "operators; switch the board off and on, so that its boot stage takes this one's"
            )
        raise RequestError(
            "the board's firmware is not this version's, so its cycles would be others; build its "
            "bitstream again"
        )


def meter(step: Step, count: int) -> OnBytes:
    """Shows at ``step`` how many of ``count`` bytes are done, and their rate."""

    def on_bytes(done: int) -> None:
        rate = done / max(step.elapsed_s, 1e-3)
        step.detail = f"{done / 1024:,.0f} of {count / 1024:,.0f} KiB, {rate / 1024:,.1f} KiB/s"

    return on_bytes
