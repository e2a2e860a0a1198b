"""A configuration as a board can have it."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.hw.fpga.block_memory import BLOCK_MEMORY_LATENCY
from tilewright.hw.fpga.boards import Board
from tilewright.hw.fpga.clock import board_clock_hz
from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.soc_config import HIGHEST_CLOCK
from tilewright.hw.spec.system import require_boards_memory


def board_config(board: Board, values: Mapping[str, int | str]) -> Config:
    """What the user set, over what the board sets; the clock is one that the board can make.

    Raises RequestError for a configuration that cannot be, and for a main memory that block RAM
    is not.
    """
    require_boards_memory(values, board.title)
    latency = values.get("memory_latency", BLOCK_MEMORY_LATENCY)
    if latency != BLOCK_MEMORY_LATENCY:
        raise RequestError(
            f"memory_latency = {latency}: main memory on {board.title} is on the chip, and answers "
            f"after {BLOCK_MEMORY_LATENCY} cycles; leave memory_latency out"
        )
    if values.get("clock_hz") == HIGHEST_CLOCK:
        raise RequestError(
            f"clock_hz = max: the highest clock on {board.title} is known when its bitstream is "
            f"made; leave clock_hz out for the {board.clock_hz / 1e6:g} MHz of its oscillator"
        )
    fixed = {"memory_latency": BLOCK_MEMORY_LATENCY, "clock_hz": board.clock_hz}
    config = make_config({**fixed, **board.values, **values})
    clock_hz = round(board_clock_hz(board, config.soc.clock_hz))
    return make_config({**config.flat(), "clock_hz": clock_hz})
