"""A simulated board, for who has none: ``python -m verification.board [--rows N] ... [--boot]``.

Builds the chip, its memory and the bitstream's firmware as a simulation whose serial port is a
pseudo-terminal, prints the terminal's name, and runs until it is interrupted. Connect with
``python -m sim board --port NAME``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from firmware.build import build_boot_stage, build_firmware
from hw.spec.config import Config
from hw.spec.errors import TilewrightError
from hw.spec.soc_config import SMALL_CPUS
from sim.progress import Progress
from sim.verbs.options import add_config_options, config_of
from verification.build import build_board
from verification.simulate import reversed_words

UART_BIT_CYCLES = 8
SMALL_CPU_BIT_CYCLES = 40
"""Clock cycles of a bit: few, to save simulation, but the firmware must take a byte in 10 bits. A
CPU without caches fetches each instruction from main memory.
"""


@dataclass(frozen=True)
class SimulatedBoard:
    """What is simulated, and what lies in main memory at power-up."""

    executable: Path
    config: Config
    image: bytes


def prepare_board(
    config: Config, note: Callable[[str], None] = lambda _: None, *, boot_stage: bool = False
) -> SimulatedBoard:
    """A board around ``config``'s chip, built if the cache lacks it.

    Memory holds the firmware at power-up, or with ``boot_stage`` what receives it. ``note`` is
    called with what is going on. Raises as `verification.build.build_model`.
    """
    bit_cycles = SMALL_CPU_BIT_CYCLES if config.soc.cpu in SMALL_CPUS else UART_BIT_CYCLES
    executable = build_board(config, bit_cycles, note).executable
    image = (build_boot_stage if boot_stage else build_firmware)(config)
    return SimulatedBoard(executable, config, image)


@contextmanager
def simulated_board(board: SimulatedBoard) -> Generator[str]:
    """The name of the terminal of a board that runs while the block does.

    Raises TilewrightError when the simulator does not start.
    """
    with tempfile.TemporaryDirectory(prefix="tilewright-board-") as folder:
        path = Path(folder, "image.bin")
        path.write_bytes(reversed_words(board.image, board.config.npu.bus_bytes))
        command = [str(board.executable), f"+image={path}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                first = process.stdout.readline()
                if not first.startswith("port "):
                    raise TilewrightError(f"the simulated board did not start: {first.strip()}")
                yield first.split()[1]
            finally:
                process.kill()


def main() -> int:
    """Entry of ``python -m verification.board``."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_options(parser)
    parser.add_argument("--boot", action="store_true", help="start without firmware in memory")
    options = parser.parse_args()
    progress = Progress()
    try:
        with progress.step("Preparing the simulated board") as step:
            board = prepare_board(
                config_of(options),
                lambda text: setattr(step, "detail", text),
                boot_stage=options.boot,
            )
        with simulated_board(board) as port:
            print(f"{port} is the serial port of a simulated board; Ctrl-C ends it", flush=True)
            with suppress(KeyboardInterrupt):
                threading.Event().wait()
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
