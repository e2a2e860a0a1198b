"""What the tools read of a board's chip, as Amaranth's platform writes it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.build import Platform

# Loaded by name below; named here as well, since its pins are part of the description that the
# cache of netlists goes by.
import tilewright.hw.fpga.tang_nano_20k  # noqa: F401
from tilewright.hw.fpga.boards import Board
from tilewright.hw.fpga.top import BoardTop
from tilewright.hw.soc.cpu import cpu_verilog
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.extras import install_command

TOP = "top"
"""Name of the top module, and of the files that belong to it."""

CLOCK_NET = "clk"
"""The chip's clock: Amaranth's name of the domain ``sync`` in the top module."""


ECP5_TARGET_HZ = 75_000_000
"""What placement aims at, if the chip's clock is not higher. With an easy clock it takes longer
wires, on a large array so many that the router finds no way for all of them.
"""

GOWIN_DIE = "GW2A-18C"
"""In the GW2AR-18 of the Tang Nano 20K, beside a memory chip that is not used."""


@dataclass(frozen=True)
class BoardSources:
    """Files and command lines.

    Attributes
    ----------
    hardware: file name -> text, for synthesis: RTLIL of our part, Verilog of the CPU.
    constraints: file name -> text, for placement: pins and clocks.
    place, pack: command lines of nextpnr and of what makes its result a bitstream, without the
        programs' names; options for placement are put in front.
    """

    hardware: Mapping[str, str]
    constraints: Mapping[str, str]
    place: Sequence[str]
    pack: Sequence[str]


def board_sources(board: Board, config: Config, image: bytes) -> BoardSources:
    """The chip ``config`` on ``board``, with ``image`` in main memory.

    Raises RequestError when the package amaranth-boards is missing.
    """
    if board.device.family == "gowin":
        return _gowin_sources(board, config, image)
    options: dict[str, Any] = {"emit_src": False, "verbose": True}
    if board.device.family == "ecp5":
        target = max(config.soc.clock_hz, ECP5_TARGET_HZ)
        options["add_preferences"] = f'FREQUENCY NET "{CLOCK_NET}" {target} HZ;'
    plan = _platform(board).prepare(BoardTop(board, config, image), TOP, **options)
    _, place, pack = json.loads(_text(plan.files[f"build_{TOP}.json"]))["commands"]
    constraints = f"{TOP}.lpf" if board.device.family == "ecp5" else f"{TOP}.pcf"
    return BoardSources(
        hardware=_hardware(plan, config),
        constraints={constraints: _text(plan.files[constraints])},
        place=_without(place[1:], "--log"),
        pack=_without([word for word in pack[1:] if word not in ("--verbose", "-v")], "--svf"),
    )


def _gowin_sources(board: Board, config: Config, image: bytes) -> BoardSources:
    """As `board_sources`; Amaranth calls an older nextpnr than there is."""
    platform = _platform(board)
    plan = platform.prepare(BoardTop(board, config, image), TOP, emit_src=False)
    pins, placed = f"{TOP}.cst", f"{TOP}.placed.json"
    return BoardSources(
        hardware=_hardware(plan, config),
        constraints={pins: _text(plan.files[pins])},
        place=[
            *("--device", platform.part),
            *("--vopt", f"family={GOWIN_DIE}", "--vopt", f"cst={pins}"),
            *("--freq", f"{config.soc.clock_hz / 1e6:g}"),
            *("--json", f"{TOP}.json", "--write", placed),
        ],
        pack=["-d", GOWIN_DIE, "-o", f"{TOP}.fs", placed],
    )


def _hardware(plan: Any, config: Config) -> dict[str, str]:
    return {
        "cpu.v": cpu_verilog(config.soc.cpu),
        f"{TOP}.il": _text(plan.files[f"{TOP}.il"]),
    }


def _platform(board: Board) -> Platform:
    module, name = board.platform
    try:
        return getattr(importlib.import_module(module), name)()
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise RequestError(
            f"the package amaranth-boards is not installed; get it with: {install_command('fpga')}"
        ) from None


def _without(words: Sequence[str], option: str) -> list[str]:
    """A command line without an option and its value."""
    if option not in words:
        return list(words)
    place = words.index(option)
    return [*words[:place], *words[place + 2 :]]


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode()
