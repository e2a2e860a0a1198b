"""A board's chip, and the boards, as tables in the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tilewright.hw.spec.quoted import printable
from tilewright.sim.command import command_line
from tilewright.sim.fpga.loaders import ways
from tilewright.sim.fpga.result import FpgaResult
from tilewright.sim.report.units import ABSENT, count, percent, quantity

BAR_WIDTH = 30
FULL = 0.9
"""A resource used as far as this is marked."""


def print_fpga(result: FpgaResult, console: Console) -> None:
    """Resources, clock and its slowest path, networks, and what was written."""
    parts = [_resources(result), Text(), _clock(result)]
    config = result.config
    what = f"{config.npu.rows}x{config.npu.cols}" if config.soc.npu == "array" else "no array"
    title = f"{what}, CPU {config.soc.cpu}, on {result.board.title} ({result.board.device.name})"
    console.print(Panel(Group(*parts), title=Text(title), title_align="left", expand=False))
    if result.networks:
        console.print(_networks(result))
    if result.bitstream:
        console.print(Text(f"Bitstream: {printable(str(result.bitstream))}", style="bold green"))
        for line in _next_steps(result, result.bitstream):
            console.print(Text(line), soft_wrap=True)


def _next_steps(result: FpgaResult, bitstream: Path) -> list[str]:
    """The commands that load the bitstream and run a network on the board."""
    first, *others = (way.shown(bitstream) for way in ways(result.board))
    model = next((network.network for network in result.networks if network.cycles), "MODEL")
    board = command_line(["board", "--port", "PORT", "--board", result.board.name])
    return [
        f"Load it:   {first}" + "".join(f"   (or {other})" for other in others),
        f"Run on it: {board} run --model {model}",
    ]


def _resources(result: FpgaResult) -> Table:
    grid = Table.grid(padding=(0, 2))
    for kind, (used, available) in result.resources.items():
        part = used / available
        grid.add_row(
            Text(kind, style="bold"),
            Text(count(used), justify="right"),
            Text(f"of {count(available)}", justify="right"),
            Text(percent(part), justify="right"),
            Text("█" * round(part * BAR_WIDTH), style="yellow" if part > FULL else "green"),
        )
    return grid


def _clock(result: FpgaResult) -> Table:
    path = result.placement.slowest[result.placement.chip_clock]
    style = "green" if result.reaches_clock else "red"
    grid = Table.grid(padding=(0, 2))
    rows = [
        ("clock", f"{result.clock_hz / 1e6:g} MHz"),
        ("fastest", Text(f"{result.fmax_mhz:.1f} MHz", style=style)),
        (
            "slowest path",
            f"{path.delay_ns:.1f} ns: {path.logic_ns:.1f} logic, {path.routing_ns:.1f} wires",
        ),
        ("  from", path.start),
        ("  to", path.end),
        ("tools", ", ".join(f"{tool} {s:.0f} s" for tool, s in result.seconds.items())),
    ]
    for label, value in rows:
        grid.add_row(Text(label, style="bold"), value)
    return grid


def _networks(result: FpgaResult) -> Table:
    said = "predicted" if result.backend == "model" else "simulated"
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("network")
    table.add_column(f"cycles ({said})", justify="right", no_wrap=True)
    clock = f"{result.latency_clock_hz / 1e6:.4g}"
    table.add_column(f"latency at {clock} MHz", justify="right", no_wrap=True)
    table.add_column("")
    for network in result.networks:
        if network.cycles is None:
            table.add_row(network.network, ABSENT, ABSENT, Text(network.reason, style="yellow"))
            continue
        latency = quantity(result.latency_s(network.cycles), "s")
        table.add_row(network.network, count(network.cycles), latency, "")
    return table
