"""What lies where in the memories while the layers run, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MultipleLocator

from hw.spec.config import next_power_of_two
from mapper.program import MemoryUse, Program
from sim.report.colours import PALETTE
from sim.report.figures.style import INK, LETTER_INCHES, SOFT, new_figure, styled
from sim.report.units import short_names

NAME_WIDTH = 14
TICK_WIDTH = 20
LINE_INCHES = 0.1
PANEL_INCHES = 2.6
TICKS = 8
PLOT_INCHES = 6.2


@styled
def memory_map_figure(program: Program) -> Figure:
    """A panel for the scratchpad if the Program uses it, and one for tensors in main memory.

    Layers go from left to right, each as wide as the others; an area lives from the layer that
    fills it to the last that reads it.
    """
    npu = program.config.npu
    panels: list[tuple[str, list[MemoryUse], int, int]] = []
    on_chip = [use for use in program.memory_plan if use.space == "scratchpad"]
    if on_chip:
        title = f"scratchpad: {program.peak_sram_bytes:,} of {npu.scratchpad_bytes:,} bytes at peak"
        panels.append((title, on_chip, 0, npu.scratchpad_bytes))
    off_chip = [use for use in program.memory_plan if use.space == "memory"]
    if off_chip:
        start = min(use.address for use in off_chip)
        end = max(use.address + use.bytes for use in off_chip)
        title = (
            f"main memory: tensors from {start:#x} on "
            f"(program and weights, {len(program.image):,} bytes, lie at {program.base:#x})"
        )
        panels.append((title, off_chip, start, end - start))
    heights = [PANEL_INCHES, PANEL_INCHES / 2][: len(panels)]
    figure = new_figure(sum(heights) + 0.8)
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[
        :, 0
    ]
    for axes, height, (title, uses, start, size) in zip(all_axes, heights, panels, strict=True):
        _panel(axes, uses, start, size, len(program.layers), height)
        axes.set_title(title)
    bottom = all_axes[-1]
    names = short_names([layer.name for layer in program.layers], TICK_WIDTH)
    bottom.xaxis.set_major_locator(FixedLocator(list(range(len(names)))))
    bottom.xaxis.set_major_formatter(FixedFormatter(names))
    bottom.tick_params(axis="x", rotation=90)
    if len(names) > 45:
        bottom.tick_params(axis="x", labelsize=5)
    return figure


def _panel(
    axes: Axes, uses: Sequence[MemoryUse], start: int, size: int, layers: int, inches: float
) -> None:
    ticks = max(round(TICKS * inches / PANEL_INCHES), 2)
    names = short_names([use.name for use in uses], NAME_WIDTH)
    for number, (use, name) in enumerate(zip(uses, names, strict=True)):
        first, last = max(use.first, 0), min(use.last, layers - 1)
        bottom, width = use.address - start, last - first + 1
        staging = use.first == use.last and "staging" in use.name
        axes.add_patch(
            Rectangle(
                (first - 0.5, bottom), width, use.bytes,
                facecolor=SOFT if staging else PALETTE[number % (len(PALETTE) - 1)],
                edgecolor="white", linewidth=0.5, alpha=0.85,
            )
        )  # fmt: skip
        room = PLOT_INCHES * width / layers
        if room > LETTER_INCHES * len(name) and inches * use.bytes / size > LINE_INCHES:
            axes.text(first - 0.5 + width / 2, bottom + use.bytes / 2, name, ha="center",
                      va="center", fontsize=6.5, color=INK)  # fmt: skip
    axes.set_xlim(-0.5, layers - 0.5)
    axes.set_ylim(0, size)
    axes.set_ylabel("address (KiB)")
    axes.yaxis.set_major_locator(MultipleLocator(next_power_of_two(-(-size // ticks))))
    axes.yaxis.set_major_formatter(FuncFormatter(_kibibytes))
    axes.grid(axis="y")


def _kibibytes(count: float, _position: int) -> str:
    return f"{count / 1024:g}"
