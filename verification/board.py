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
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from firmware.build import build_boot_stage, build_firmware
from hw.spec.config import Config
from hw.spec.errors import TilewrightError
from sim.progress import Progress
from sim.verbs.options import add_config_options, config_of
from verification.build import build_board
from verification.simulate import reversed_words

UART_BIT_CYCLES = 8
"""Clock cycles of a bit: as few as the slowest CPU takes bytes from, to save simulation."""


@contextmanager
def simulated_board(
    config: Config,
    *,
    boot_stage: bool = False,
    uart_bit_cycles: int = UART_BIT_CYCLES,
    note: Callable[[str], None] = lambda _: None,
) -> Generator[str]:
    """The name of the terminal of a board that runs while the block does.

    Memory holds the firmware at power-up, or with ``boot_stage`` what receives it. Raises as
    `verification.build.build_model`.
    """
    executable = build_board(config, uart_bit_cycles, note).executable
    image = (build_boot_stage if boot_stage else build_firmware)(config)
    with tempfile.TemporaryDirectory(prefix="tilewright-board-") as folder:
        path = Path(folder, "image.bin")
        path.write_bytes(reversed_words(image, config.npu.bus_bytes))
        command = [str(executable), f"+image={path}"]
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
            board = simulated_board(
                config_of(options),
                boot_stage=options.boot,
                note=lambda text: setattr(step, "detail", text),
            )
            with board as port:
                print(f"{port} is the serial port of a simulated board; Ctrl-C ends it", flush=True)
                try:
                    while True:
                        input()
                except (KeyboardInterrupt, EOFError):
                    pass
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
