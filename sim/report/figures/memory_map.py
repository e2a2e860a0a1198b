"""What lies where in the memories while the layers run, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MultipleLocator

from tilewright.hw.spec.limits import next_power_of_two
from tilewright.mapper.program.program import MemoryUse, Program
from tilewright.sim.report.colours import PALETTE
from tilewright.sim.report.figures.style import INK, LETTER_INCHES, SOFT, new_figure, styled
from tilewright.sim.report.figures.tips import tell
from tilewright.sim.report.units import short_names

NAME_WIDTH = 14
TICK_WIDTH = 20
LINE_INCHES = 0.1
PANEL_INCHES = 2.6
"""Of the scratchpad, whose free part says something too, and at most."""

LEVEL_INCHES, LEAST_INCHES = 0.2, 0.2
"""What a level of addresses takes, and a panel besides."""

LEAST_SEEN = 0.01
"""Part of a panel's height."""

LABEL_INCHES = 1.0
"""Height that the axis's whole label needs."""

TICKS = 8
MANY_LAYERS = 45
PLOT_INCHES = 6.2


@dataclass(frozen=True)
class _Panel:
    """A memory: what lies in it, the stretch of addresses to show, and the picture's height."""

    title: str
    uses: Sequence[MemoryUse]
    start: int
    size: int
    inches: float


@styled
def memory_map_figure(program: Program) -> Figure:
    """A panel for the scratchpad if the Program uses it, and one for tensors in main memory.

    Layers go from left to right, each as wide as the others; an area lives from the layer that
    fills it to the last that reads it. It bears the name of the layer whose output it holds.
    """
    panels = _panels(program)
    heights = [panel.inches for panel in panels]
    figure = new_figure(sum(heights) + 0.8)
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)
    writers = {layer.tensor: layer.name for layer in program.layers}
    for axes, panel in zip(grid[:, 0], panels, strict=True):
        _areas(axes, panel, [layer.name for layer in program.layers], writers)
        _addresses(axes, panel.size, panel.inches)
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


def _height(uses: Sequence[MemoryUse], size: int) -> float:
    """Inches: something for each level of addresses at which anything lies that can be seen."""
    seen = [use for use in uses if use.bytes >= LEAST_SEEN * size]
    levels = max(len({use.address for use in seen}), 1)
    return min(PANEL_INCHES, LEVEL_INCHES * levels + LEAST_INCHES)


def _panels(program: Program) -> list[_Panel]:
    on_chip = [use for use in program.memory_plan if use.space == "scratchpad"]
    off_chip = [use for use in program.memory_plan if use.space == "memory"]
    panels: list[_Panel] = []
    if on_chip:
        size = program.config.npu.scratchpad_bytes
        title = f"scratchpad: {program.peak_sram_bytes:,} of {size:,} bytes at peak"
        panels.append(_Panel(title, on_chip, 0, size, PANEL_INCHES))
    if off_chip:
        start = min(use.address for use in off_chip)
        end = max(use.address + use.bytes for use in off_chip)
        title = (
            f"main memory: tensors from {start:#x} on "
            f"(program and weights, {len(program.image):,} bytes, lie at {program.base:#x})"
        )
        panels.append(_Panel(title, off_chip, start, end - start, _height(off_chip, end - start)))
    return panels


def _areas(
    axes: Axes,
    panel: _Panel,
    layers: Sequence[str],
    writers: Mapping[str, str],
) -> None:
    names = short_names([writers.get(use.name, use.name) for use in panel.uses], NAME_WIDTH)
    for number, (use, name) in enumerate(zip(panel.uses, names, strict=True)):
        first, last = max(use.first, 0), min(use.last, len(layers) - 1)
        bottom, width = use.address - panel.start, last - first + 1
        staging = use.first == use.last and "staging" in use.name
        box = axes.add_patch(
            Rectangle(
                (first - 0.5, bottom), width, use.bytes,
                facecolor=SOFT if staging else PALETTE[number % (len(PALETTE) - 1)],
                edgecolor="white", linewidth=0.5, alpha=0.85,
            )
        )  # fmt: skip
        tell(box, _told(use, writers.get(use.name, use.name), layers[first], layers[last]))
        room = PLOT_INCHES * width / len(layers)
        if room > LETTER_INCHES * len(name) and panel.inches * use.bytes / panel.size > LINE_INCHES:
            axes.text(first - 0.5 + width / 2, bottom + use.bytes / 2, name, ha="center",
                      va="center", fontsize=6.5, color=INK)  # fmt: skip


def _told(use: MemoryUse, name: str, first: str, last: str) -> str:
    during = f"live during {first}" if first == last else f"live from {first} to {last}"
    return f"{name}: {use.bytes:,} bytes at {use.address:#x}, {during}"


def _addresses(axes: Axes, size: int, inches: float) -> None:
    ticks = max(round(TICKS * inches / PANEL_INCHES), 2)
    axes.set_ylim(0, size)
    axes.set_ylabel("address (KiB)" if inches >= LABEL_INCHES else "KiB")
    axes.yaxis.set_major_locator(MultipleLocator(next_power_of_two(-(-size // ticks))))
    axes.yaxis.set_major_formatter(FuncFormatter(_kibibytes))
    axes.grid(axis="y")


def _kibibytes(count: float, _position: int) -> str:
    return f"{count / 1024:g}"
