"""The roofline: what bounds each layer, the array or the way to main memory."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from tilewright.sim.report.colours import colours_of
from tilewright.sim.report.figures.labels import Label, place_labels
from tilewright.sim.report.figures.style import (
    INK,
    SOFT,
    engineering,
    legend_above,
    new_figure,
    styled,
)
from tilewright.sim.report.figures.tips import tell
from tilewright.sim.report.units import count, percent, share, short_names
from tilewright.sim.results.result import Layer, RunResult

LABEL_WIDTH = 16
SMALLEST, LARGEST = 12, 400
"""Areas of points, in square points."""


@dataclass(frozen=True)
class RooflinePoint:
    """A layer: MACs for each byte of main memory's traffic, and MACs a cycle."""

    name: str
    op: str
    intensity: float
    rate: float
    cycles: int


@styled
def roofline_figure(result: RunResult) -> Figure:
    """Points of the layers that multiply, under the ceilings of the array and of the bus.

    A layer at the sloped ceiling moves as many bytes as the bus can; one at the flat ceiling keeps
    the whole array busy. A point's area is the layer's share of the cycles. The result must have
    points.
    """
    points = roofline_points(result)
    peak = int(result.config["rows"]) * int(result.config["cols"])
    bus = int(result.config["bus_bytes"])
    figure = new_figure(3.6)
    axes = figure.subplots()
    low = min(peak / bus / 4, *(point.intensity for point in points)) / 1.6
    high = max(peak / bus * 4, *(point.intensity for point in points)) * 2.5
    corner = peak / bus
    axes.plot([low, corner, high], [low * bus, peak, peak], color=INK, linewidth=1.0, zorder=2)
    axes.plot([corner, corner], [0.001, peak], color=SOFT, linewidth=0.6, linestyle=":")
    colours = colours_of(dict.fromkeys(point.op for point in points))
    total = sum(point.cycles for point in points)
    sizes = {point: SMALLEST + LARGEST * point.cycles / total for point in points}
    # The small ones last, so that each can be pointed at.
    for point in sorted(points, key=lambda point: -point.cycles):
        dot = axes.scatter(
            [point.intensity], [point.rate], [sizes[point]],
            color=colours[point.op], alpha=0.75, linewidth=0, zorder=3,
        )  # fmt: skip
        tell(dot, _told(point, total))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    floor = min(low * bus, *(point.rate for point in points)) / 1.6
    axes.set_ylim(floor, peak * 3)
    axes.text(high, peak * 2.8, f"array: {peak} MACs a cycle ", ha="right", va="top", fontsize=7)
    axes.text(corner * 1.04, floor * 1.1, f"bus of {bus} bytes a cycle bounds to the left",
              color=SOFT, va="bottom", fontsize=7)  # fmt: skip
    axes.set_xlabel("MACs for each byte of main memory's traffic")
    axes.set_ylabel("MACs a cycle")
    _log_ticks(axes)
    legend_above(figure, colours)
    largest = sorted(points, key=lambda point: -point.cycles)
    names = short_names([point.name for point in largest], LABEL_WIDTH)
    place_labels(
        axes,
        [
            Label(point.intensity, point.rate, sizes[point] ** 0.5 / 2, name)
            for point, name in zip(largest, names, strict=True)
        ],
    )
    return figure


def _told(point: RooflinePoint, total: int) -> str:
    return (
        f"{point.name}: {point.op}, {count(point.cycles)} cycles, "
        f"{percent(share(point.cycles, total))} of these layers', {point.rate:.3g} MACs a cycle, "
        f"{point.intensity:.3g} MACs a byte"
    )


def roofline_points(result: RunResult) -> list[RooflinePoint]:
    """The accelerator's layers that multiply and use main memory."""
    points: list[RooflinePoint] = []
    for layer in result.layers:
        traffic = traffic_bytes(layer)
        if layer.engine == "npu" and layer.macs and layer.cycles and traffic:
            points.append(
                RooflinePoint(
                    name=layer.name,
                    op=layer.op,
                    intensity=layer.macs / traffic,
                    rate=layer.macs / layer.cycles,
                    cycles=layer.cycles,
                )
            )
    return points


def traffic_bytes(layer: Layer) -> int:
    """Bytes of main memory that the accelerator read and wrote."""
    names = ("main_memory_read_bytes", "main_memory_write_bytes")
    return sum(layer.events.get(name, 0) for name in names)


def _log_ticks(axes: Axes) -> None:
    axes.grid(which="major")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(10, (1.0,)))
        axis.set_major_formatter(engineering())
        axis.set_minor_formatter(NullFormatter())
