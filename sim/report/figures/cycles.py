"""Where the cycles went: each layer's cycles by cause, and how much of the array they used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from tilewright.sim.report.colours import BUSY_COLOUR, IDLE_COLOURS, OTHER_COLOUR, STALL_COLOURS
from tilewright.sim.report.figures.style import (
    counted_height,
    engineering,
    layer_axis,
    legend_above,
    new_figure,
    stacked_bars,
    styled,
    timed,
)
from tilewright.sim.report.figures.tips import tell
from tilewright.sim.report.units import count, part_of_layer, percent
from tilewright.sim.results.result import Layer, RunResult

COMPUTES = "array computes"
CPU = "CPU computes"


@styled
def cycles_figure(result: RunResult) -> Figure:
    """Stacked bars of cycles by layer, and bars of what the accelerator's layers used of the array.

    The result must know cycles.
    """
    layers = timed(result)
    parts = cycle_parts(layers)
    waits = {_waits(cause): colour for cause, colour in STALL_COLOURS.items()}
    colours = {COMPUTES: BUSY_COLOUR, **IDLE_COLOURS, CPU: OTHER_COLOUR} | waits
    figure = new_figure(counted_height(layers, 1.0))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    stacked_bars(left, layers, parts.items(), colours, _told)
    left.set_xlabel("cycles")
    left.xaxis.set_major_formatter(engineering())
    layer_axis(left, layers)
    if any(layer.engine == "npu" for layer in layers):
        _utilisation(right, layers)
    else:
        right.remove()
    legend_above(figure, {name: colours[name] for name in parts})
    return figure


def _utilisation(axes: Axes, layers: Sequence[Layer]) -> None:
    used = [layer.mac_utilisation or 0.0 if layer.engine == "npu" else 0.0 for layer in layers]
    bars = axes.barh(range(len(layers)), used, 0.72, color=BUSY_COLOUR, linewidth=0)
    for bar, layer, part in zip(bars, layers, used, strict=True):
        tell(bar, f"{layer.name}, MAC utilisation: {percent(part)} in {count(layer.cycles)} cycles")
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_xlabel("MAC utilisation")
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)


def _told(layer: Layer, name: str, cycles: float) -> str:
    amount = f"{count(round(cycles))} cycles"
    return part_of_layer(layer.name, name, amount, cycles, layer.cycles or 0)


def cycle_parts(layers: Sequence[Layer]) -> Mapping[str, list[float]]:
    """Cycles by layer for what they went to; only what occurs, computing first."""
    rest = [(layer.cycles or 0) - sum(layer.losses.values()) for layer in layers]
    parts = {
        COMPUTES: _of_engine(layers, rest, "npu"),
        **{name: [float(row.idle.get(name, 0)) for row in layers] for name in IDLE_COLOURS},
        CPU: _of_engine(layers, rest, "cpu"),
        **{_waits(c): [float(row.stalls.get(c, 0)) for row in layers] for c in STALL_COLOURS},
    }
    return {name: lengths for name, lengths in parts.items() if any(lengths)}


def _waits(cause: str) -> str:
    return f"waits: {cause}"


def _of_engine(layers: Sequence[Layer], cycles: Sequence[int], engine: str) -> list[float]:
    pairs = zip(layers, cycles, strict=True)
    return [float(spent) if layer.engine == engine else 0.0 for layer, spent in pairs]
