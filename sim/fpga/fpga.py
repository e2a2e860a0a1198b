"""One bitstream, top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.hw.fpga.boards import Board
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import CheckError
from tilewright.sim.files import make_folder, write_atomically
from tilewright.sim.fpga.build import BITSTREAM, all_resources, build_chip
from tilewright.sim.fpga.fit import least_resources, require_fit
from tilewright.sim.fpga.latency import network_cycles
from tilewright.sim.fpga.loaders import load, require_loader
from tilewright.sim.fpga.result import FpgaResult
from tilewright.sim.fpga.synthesis import yosys_version
from tilewright.sim.fpga.terminal import print_fpga
from tilewright.sim.fpga.tools import find_tools
from tilewright.sim.progress import Progress
from tilewright.sim.report.console import report_console
from tilewright.sim.run.predict import has_figures

REPORT = "fpga.json"


@dataclass(frozen=True, kw_only=True)
class FpgaRequest:
    """What the user asks for. ``models`` are networks whose cycles are told, by ``backend``; None
    is the model where it has figures of the configuration, else RTL. ``load``: onto the board.
    """

    board: Board
    config: Config
    out: Path
    seed: int
    models: Sequence[str] = ()
    backend: str | None = None
    load: bool = False


def fpga(request: FpgaRequest, progress: Progress) -> FpgaResult:
    """Makes a bitstream, writes it and REPORT into the folder ``out``, and prints the report.

    Raises:
        RequestError: the configuration does not fit, a tool or the loader is missing, the folder
            cannot be written, the loader fails.
        TilewrightError: a tool failed; its log is in the folder.
        CheckError: the chip does not reach its clock; there is no bitstream then.
    """
    board, config = request.board, request.config
    require_fit(board, least_resources(board, config), at_least=True)
    loader = require_loader(board) if request.load else None
    backend = request.backend or ("model" if has_figures(config) else "rtl")
    make_folder(request.out)
    tools = find_tools(board.device.family)
    target = request.out / BITSTREAM[board.device.family]
    for old in (target, request.out / REPORT):
        old.unlink(missing_ok=True)
    networks = network_cycles(request.models, config, backend, progress)
    netlist, routed = build_chip(board, config, tools, request.seed, request.out, progress)
    result = FpgaResult(
        board=board,
        config=config,
        seed=request.seed,
        resources=all_resources(board, netlist, routed),
        placement=routed.placement,
        seconds={**netlist.seconds, **routed.seconds},
        tools={"yosys": yosys_version()} | {tool.name: tool.version for tool in tools},
        backend=backend,
        networks=networks,
        bitstream=target,
    )
    result = _published(result, routed.bitstream, request.out)
    if loader is not None:
        load(loader, target, board)
    return result


def _published(result: FpgaResult, bitstream: Path, out: Path) -> FpgaResult:
    if not result.reaches_clock:
        result = replace(result, bitstream=None)
    if result.bitstream:
        write_atomically(result.bitstream, bitstream.read_bytes())
    result.write(out / REPORT)
    print_fpga(result, report_console())
    if not result.reaches_clock:
        raise CheckError(
            f"{result.board.title}: the chip reaches {result.fmax_mhz:.1f} MHz of the "
            f"{result.clock_hz / 1e6:g} MHz asked for, so no bitstream was written; lower the "
            f"clock (--set clock_hz={slower_clock_hz(result)}) or try another --seed"
        )
    return result


def slower_clock_hz(result: FpgaResult) -> int:
    """A round clock below the fastest one."""
    return int(result.fmax_mhz * 0.98) * 1_000_000
