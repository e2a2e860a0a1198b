"""A board's chip through synthesis, placement and routing to a bitstream; kept by content."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tilewright.firmware.build import build_boot_stage, build_firmware
from tilewright.hw.fpga.boards import Board
from tilewright.hw.fpga.sources import TOP, board_sources
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.sim.fpga.fit import least_resources, require_fit
from tilewright.sim.fpga.placement import (
    OPTIONS,
    REPORT,
    Placement,
    packed_resources,
    place_and_route,
    read_report,
)
from tilewright.sim.fpga.synthesis import (
    CELLS,
    NETLIST,
    synthesise,
    used_resources,
    yosys_version,
)
from tilewright.sim.fpga.tools import Tool
from tilewright.sim.progress import Progress
from tilewright.verification.cells.netlist import SYNTHESIS
from tilewright.verification.tools.cache import cached
from tilewright.verification.tools.description import source_key
from tilewright.verification.tools.run_tool import run_tool

SYNTHESIS_LOG, ROUTING_LOG, PACKING_LOG = "synthesis.log", "routing.log", "packing.log"
BITSTREAM = {"ecp5": f"{TOP}.bit", "ice40": f"{TOP}.bin", "gowin": f"{TOP}.fs"}
"""File that a board takes, by family."""

DESCRIPTION = "tilewright.hw.fpga.sources"
"""Where the description of a board's chip begins."""

_SECONDS = "seconds.json"
_OPTIONS = "options.json"
_CONSTRAINTS = "constraints"


@dataclass(frozen=True)
class Netlist:
    """A synthesised chip.

    Attributes
    ----------
    folder: in the cache, with NETLIST and what placement needs besides.
    key: of the content.
    used: kind of resource -> how many.
    seconds: that synthesis took, when it was made.
    """

    folder: Path
    key: str
    used: Mapping[str, int]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Routed:
    """A placed and routed chip.

    Attributes
    ----------
    bitstream: file in the cache.
    placement: clock and resources.
    seconds: by tool, when it was made.
    """

    bitstream: Path
    placement: Placement
    seconds: Mapping[str, float]


def make_netlist(
    board: Board, config: Config, image: bytes, logs: Path, progress: Progress
) -> Netlist:
    """Generates and synthesises the chip, unless the cache has it; SYNTHESIS_LOG goes to ``logs``.

    Raises TilewrightError when Yosys fails.
    """
    family = board.device.family

    def build(folder: Path) -> None:
        with progress.step("Generating RTL"):
            sources = board_sources(board, config, image)
            for name, text in {**sources.hardware, **sources.constraints}.items():
                (folder / name).write_text(text)
        started = time.monotonic()
        with progress.step("Synthesis") as step:
            names = list(sources.hardware)
            log = logs / SYNTHESIS_LOG
            synthesise(names, family, TOP, folder, log, lambda text: setattr(step, "detail", text))
        for name in sources.hardware:
            (folder / name).unlink()
        options = {"place": sources.place, "pack": sources.pack}
        (folder / _OPTIONS).write_text(
            json.dumps({**options, _CONSTRAINTS: list(sources.constraints)})
        )
        _finish(folder, log, {"yosys": time.monotonic() - started})

    # The clock is in the PLL's dividers and the UART's.
    chip = [source_key(config, entry=DESCRIPTION), config.soc.clock_hz, board.name, image.hex()]
    key = _key(*chip, SYNTHESIS[family], yosys_version())
    folder, is_new = cached("fpga-netlists", key, build)
    if not is_new:
        shutil.copy(folder / SYNTHESIS_LOG, logs)
    return Netlist(folder, key, used_resources(folder / CELLS, family), _seconds(folder))


def route(
    board: Board,
    netlist: Netlist,
    tools: tuple[Tool, Tool],
    seed: int,
    logs: Path,
    progress: Progress,
) -> Routed:
    """Places, routes and packs, unless the cache has it; logs go to ``logs``.

    Raises RequestError when the device has too little, TilewrightError when a tool fails.
    """
    require_fit(board, netlist.used)
    nextpnr, packer = tools
    family = board.device.family
    options = json.loads((netlist.folder / _OPTIONS).read_text())

    def build(folder: Path) -> None:
        for name in [NETLIST, *options[_CONSTRAINTS]]:
            shutil.copy(netlist.folder / name, folder)
        (folder / NETLIST).rename(folder / f"{TOP}.json")
        started = time.monotonic()
        with progress.step("Placement and routing") as step:
            place = [*options["place"], "--seed", str(seed)]
            log = logs / ROUTING_LOG

            def note(text: str) -> None:
                step.detail = text

            try:
                place_and_route(nextpnr, family, place, folder, log, note)
            except TilewrightError:
                require_fit(board, packed_resources(log, family))
                raise
        placed = time.monotonic()
        with progress.step("Packing"):
            packing = logs / PACKING_LOG
            run_tool([*packer.command, *options["pack"]], packing, packer.name, folder=folder)
        for path in folder.iterdir():
            if path.name not in (REPORT, BITSTREAM[family]):
                path.unlink()
        shutil.copy(packing, folder)
        seconds = {nextpnr.name: placed - started, packer.name: time.monotonic() - placed}
        _finish(folder, log, seconds)

    versions = [nextpnr.version, packer.version]
    key = _key(netlist.key, seed, versions, json.dumps(options), OPTIONS[family])
    folder, is_new = cached("fpga-routed", key, build)
    if not is_new:
        for name in (ROUTING_LOG, PACKING_LOG):
            shutil.copy(folder / name, logs)
    placement = read_report(folder / REPORT, family)
    return Routed(folder / BITSTREAM[family], placement, _seconds(folder))


def build_chip(
    board: Board,
    config: Config,
    tools: tuple[Tool, Tool],
    seed: int,
    logs: Path,
    progress: Progress,
) -> tuple[Netlist, Routed]:
    """All of it, with firmware in main memory.

    Raises RequestError when the device has too little, TilewrightError when a tool fails.
    """
    require_fit(board, least_resources(board, config), at_least=True)
    boots = board.boot_bytes > 0 or config.soc.chooses_kernels
    image = build_boot_stage(config) if boots else build_firmware(config)
    if board.boot_bytes and len(image) > board.boot_bytes:
        raise RequestError(
            f"{board.title}: the boot stage for cpu = {config.soc.cpu} takes {len(image):,} bytes "
            f"of {board.boot_bytes:,}; choose a cpu without a data cache (min or lite)"
        )
    netlist = make_netlist(board, config, image, logs, progress)
    return netlist, route(board, netlist, tools, seed, logs, progress)


def all_resources(board: Board, netlist: Netlist, routed: Routed) -> dict[str, tuple[int, int]]:
    """Kind -> (used, available): as nextpnr counts, else as the netlist does."""
    counted = dict(routed.placement.resources)
    return {
        kind: counted.get(kind, (netlist.used.get(kind, 0), available))
        for kind, available in board.device.resources.items()
    }


def _finish(folder: Path, log: Path, seconds: Mapping[str, float]) -> None:
    shutil.copy(log, folder)
    (folder / _SECONDS).write_text(json.dumps(seconds))


def _seconds(folder: Path) -> dict[str, float]:
    return json.loads((folder / _SECONDS).read_text())


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
