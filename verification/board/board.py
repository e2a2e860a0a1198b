"""A simulated board, for who has none: ``python -m sim board --simulate serve``.

The chip, its memory and the bitstream's firmware as a simulation whose serial port is a
pseudo-terminal.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tilewright.firmware.build import build_boot_stage, build_firmware
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.soc_config import SMALL_CPUS
from tilewright.verification.cosim.chip import (
    chip_parameters,
    chip_sources,
    memory_arguments,
    simulated_design,
)
from tilewright.verification.cosim.simulate import reversed_words
from tilewright.verification.cosim.verilate import COMMON_FLAGS, executable_of
from tilewright.verification.tools.toolchain import find_compiler

HERE = Path(__file__).parent

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

    Memory holds the firmware at power-up, or with ``boot_stage`` what receives it; a small CPU's
    part of memory is too small for all kernels, so that it begins with the boot stage. ``note`` is
    called with what is going on. Raises as `verification.cosim.build.build_model`.
    """
    bit_cycles = SMALL_CPU_BIT_CYCLES if config.soc.cpu in SMALL_CPUS else UART_BIT_CYCLES
    executable = build_board(config, bit_cycles, note)
    boot_stage |= config.soc.chooses_kernels
    image = (build_boot_stage if boot_stage else build_firmware)(config)
    return SimulatedBoard(executable, config, image)


def build_board(
    config: Config, uart_bit_cycles: int, note: Callable[[str], None] = lambda _: None
) -> Path:
    """The simulator of a board around ``config``'s chip, behind a pseudo-terminal: see board.cpp.

    Built if the cache lacks it; the chip says that its clock is the configuration's. Raises as
    `verification.cosim.build.build_model`.
    """
    sources = chip_sources(simulated_design(config), uart_bit_cycles, None, note) | {
        "top.sv": (HERE / "board.sv").read_text(),
        "main.cpp": (HERE / "board.cpp").read_text(),
    }
    flags = [*COMMON_FLAGS, *chip_parameters(config), f"-GCLOCK_HZ={config.soc.clock_hz}"]
    flags += ["-CFLAGS", f"-DUART_BIT_CYCLES={uart_bit_cycles}"]
    executable, _ = executable_of(sources, flags, find_compiler(), note)
    return executable


@contextmanager
def simulated_board(board: SimulatedBoard) -> Generator[str]:
    """The name of the terminal of a board that runs while the block does.

    Raises TilewrightError when the simulator does not start.
    """
    with tempfile.TemporaryDirectory(prefix="tilewright-board-") as folder:
        path = Path(folder, "image.bin")
        path.write_bytes(reversed_words(board.image, board.config.npu.bus_bytes))
        command = [str(board.executable), f"+image={path}", *memory_arguments(board.config)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                first = process.stdout.readline()
                if not first.startswith("port "):
                    raise TilewrightError(f"the simulated board did not start: {first.strip()}")
                yield first.split()[1]
            finally:
                process.kill()
