"""What lies where in the memories while the layers run, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MultipleLocator

from tilewright.hw.spec.limits import next_power_of_two
from tilewright.mapper.program.program import MemoryUse, Program
from tilewright.sim.report.colours import PALETTE
from tilewright.sim.report.figures.style import INK, LETTER_INCHES, SOFT, new_figure, styled
from tilewright.sim.report.units import short_names

NAME_WIDTH = 14
TICK_WIDTH = 20
LINE_INCHES = 0.1
PANEL_INCHES = 2.6
TICKS = 8
MANY_LAYERS = 45
PLOT_INCHES = 6.2


@dataclass(frozen=True)
class _Panel:
    """A memory: what lies in it, and the stretch of addresses to show."""

    title: str
    uses: Sequence[MemoryUse]
    start: int
    size: int


@styled
def memory_map_figure(program: Program) -> Figure:
    """A panel for the scratchpad if the Program uses it, and one for tensors in main memory.

    Layers go from left to right, each as wide as the others; an area lives from the layer that
    fills it to the last that reads it. It bears the name of the layer whose output it holds.
    """
    panels = _panels(program)
    heights = [PANEL_INCHES, PANEL_INCHES / 2][: len(panels)]
    figure = new_figure(sum(heights) + 0.8)
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)
    writers = {layer.tensor: layer.name for layer in program.layers}
    for axes, panel, height in zip(grid[:, 0], panels, heights, strict=True):
        names = [writers.get(use.name, use.name) for use in panel.uses]
        _areas(axes, panel, short_names(names, NAME_WIDTH), len(program.layers), height)
        _addresses(axes, panel.size, height)
        axes.set_title(panel.title)
    bottom = grid[-1, 0]
    names = short_names([layer.name for layer in program.layers], TICK_WIDTH)
    bottom.set_xlim(-0.5, len(names) - 0.5)
    bottom.xaxis.set_major_locator(FixedLocator(list(range(len(names)))))
    bottom.xaxis.set_major_formatter(FixedFormatter(names))
    bottom.tick_params(axis="x", rotation=90)
    if len(names) > MANY_LAYERS:
        bottom.tick_params(axis="x", labelsize=5)
    return figure


def _panels(program: Program) -> list[_Panel]:
    on_chip = [use for use in program.memory_plan if use.space == "scratchpad"]
    off_chip = [use for use in program.memory_plan if use.space == "memory"]
    panels: list[_Panel] = []
    if on_chip:
        size = program.config.npu.scratchpad_bytes
        title = f"scratchpad: {program.peak_sram_bytes:,} of {size:,} bytes at peak"
        panels.append(_Panel(title, on_chip, 0, size))
    if off_chip:
        start = min(use.address for use in off_chip)
        end = max(use.address + use.bytes for use in off_chip)
        title = (
            f"main memory: tensors from {start:#x} on "
            f"(program and weights, {len(program.image):,} bytes, lie at {program.base:#x})"
        )
        panels.append(_Panel(title, off_chip, start, end - start))
    return panels


def _areas(axes: Axes, panel: _Panel, names: Sequence[str], layers: int, inches: float) -> None:
    for number, (use, name) in enumerate(zip(panel.uses, names, strict=True)):
        first, last = max(use.first, 0), min(use.last, layers - 1)
        bottom, width = use.address - panel.start, last - first + 1
        staging = use.first == use.last and "staging" in use.name
        axes.add_patch(
            Rectangle(
                (first - 0.5, bottom), width, use.bytes,
                facecolor=SOFT if staging else PALETTE[number % (len(PALETTE) - 1)],
                edgecolor="white", linewidth=0.5, alpha=0.85,
            )
        )  # fmt: skip
        room = PLOT_INCHES * width / layers
        if room > LETTER_INCHES * len(name) and inches * use.bytes / panel.size > LINE_INCHES:
            axes.text(first - 0.5 + width / 2, bottom + use.bytes / 2, name, ha="center",
                      va="center", fontsize=6.5, color=INK)  # fmt: skip


def _addresses(axes: Axes, size: int, inches: float) -> None:
    ticks = max(round(TICKS * inches / PANEL_INCHES), 2)
    axes.set_ylim(0, size)
    axes.set_ylabel("address (KiB)")
    axes.yaxis.set_major_locator(MultipleLocator(next_power_of_two(-(-size // ticks))))
    axes.yaxis.set_major_formatter(FuncFormatter(_kibibytes))
    axes.grid(axis="y")


def _kibibytes(count: float, _position: int) -> str:
    return f"{count / 1024:g}"
