"""The boards, as a table."""

from __future__ import annotations

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tilewright.hw.fpga.boards import BLOCK_RAM, BOARDS, DSP, FLIP_FLOP, LUT, SPRAM, Board
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import PRESETS
from tilewright.sim.fpga.configuration import board_config
from tilewright.sim.fpga.fit import least_resources, require_fit
from tilewright.sim.report.console import report_console
from tilewright.sim.report.units import ABSENT, count

KINDS = (LUT, FLIP_FLOP, DSP, BLOCK_RAM, SPRAM)
LARGEST_ARRAY = 32


def print_boards() -> None:
    """A row a board: its device, what that has, and what fits."""
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("board", "device"):
        table.add_column(heading, no_wrap=True)
    for heading in (*KINDS, "clock"):
        table.add_column(heading, justify="right")
    for heading in ("routed with", "not more than"):
        table.add_column(heading)
    table.add_column("presets", overflow="fold")
    for board in BOARDS.values():
        resources = board.device.resources
        table.add_row(
            Text(board.name, style="bold"),
            board.device.name,
            *(count(resources.get(kind)) for kind in KINDS),
            f"{board.clock_hz / 1e6:g} MHz",
            board.routed or ABSENT,
            _largest(board),
            ", ".join(name for name in PRESETS if _may_fit(board, PRESETS[name])) or ABSENT,
        )
    console = report_console()
    console.print(table)
    console.print(
        Text(
            "routed with: the largest configuration that has been placed and routed. not more "
            "than, presets: what multipliers and memories leave room for; LUTs are known after "
            "synthesis.",
            style="dim",
        )
    )


def _largest(board: Board) -> str:
    """The largest square array for which there are enough multipliers."""
    if board_config(board, {}).shares_memory:
        return "4 rows"
    sides = [
        side
        for side in range(2, LARGEST_ARRAY + 1)
        if _may_fit(
            board,
            {"rows": side, "cols": side, "scratchpad_bytes": 4096, "weight_buffer_bytes": 1024},
        )
    ]
    return f"{sides[-1]}x{sides[-1]}" if sides else "no array"


def _may_fit(board: Board, values: Mapping[str, int | str]) -> bool:
    try:
        config = board_config(board, values)
        require_fit(board, least_resources(board, config), at_least=True)
    except RequestError:
        return False
    return True
