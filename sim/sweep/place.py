"""The front's designs on an FPGA: resources and the fastest clock."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from tilewright.hw.fpga.boards import BLOCK_RAM, DSP, FLIP_FLOP, LUT, find_board
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.files import make_folder
from tilewright.sim.fpga.build import all_resources, build_chip
from tilewright.sim.fpga.configuration import board_config
from tilewright.sim.fpga.tools import find_tools
from tilewright.sim.progress import Progress
from tilewright.sim.report.units import counted
from tilewright.sim.sweep.candidate import config_of_row, design_name
from tilewright.sim.sweep.point import Figure
from tilewright.sim.sweep.store import Store

RESOURCES: Mapping[str, str] = {
    "fpga_lut": LUT,
    "fpga_ff": FLIP_FLOP,
    "fpga_dsp": DSP,
    "fpga_ram": BLOCK_RAM,
}
"""Columns of the results, and the resource that each counts."""


def place_front(store: Store, board_name: str, out: Path, progress: Progress) -> int:
    """Fill ``fpga_*`` of the points on the front that lack them, each design once.

    Array, memories of the accelerator and CPU are the point's; main memory and what goes with it
    are the board's. Figures of another board are forgotten. Logs are left in ``out``, a folder a
    design. Returns the number of designs at which a tool failed. Raises RequestError when there is
    no such board or a tool is missing.
    """
    board = find_board(board_name)
    tools = find_tools(board.device.family)
    before = store.meta().get("fpga")
    if before not in (None, board.name):
        progress.note(f"Figures of {before} are replaced", style="yellow")
        store.forget_placed()
    store.set_meta({"fpga": board.name})
    store.commit()
    designs: dict[str, tuple[Config, list[str]]] = {}
    for row in store.front(["id"]):
        if row["fpga_mhz"] is None:
            config = config_of_row(row)
            _, keys = designs.setdefault(_on_a_board(config), (config, []))
            keys.append(row["key"])
    progress.note(f"{counted(len(designs), 'design')} of the front to {board.title}")
    failed = 0
    for number, (config, keys) in enumerate(designs.values(), 1):
        progress.note(f"{number} of {len(designs)}: {design_name(config)}", style="dim")
        figures: dict[str, Figure | str]
        try:
            chip = board_config(board, _values(config))
            logs = out / "fpga" / chip.hardware_key()
            make_folder(logs)
            netlist, routed = build_chip(board, chip, tools, board.seed, logs, progress)
            used = all_resources(board, netlist, routed)
            figures = {column: used[kind][0] for column, kind in RESOURCES.items()}
            figures["fpga_mhz"] = routed.placement.fmax_mhz[routed.placement.chip_clock]
            figures["fpga_error"] = None
        except TilewrightError as error:
            is_refusal = isinstance(error, RequestError)
            failed += not is_refusal
            progress.note(str(error), style="yellow" if is_refusal else "red")
            figures = {"fpga_error": str(error)}
        store.set_placed(keys, figures)
    return failed


def _values(config: Config) -> dict[str, int | str]:
    """What a point says of the chip without its main memory."""
    npu = {field.name: getattr(config.npu, field.name) for field in dataclasses.fields(NpuConfig)}
    return {**npu, "npu": config.soc.npu, "cpu": config.soc.cpu}


def _on_a_board(config: Config) -> str:
    """Equal for points that are the same chip on a board."""
    return repr(_values(config))
