"""When each layer ran, and how busy each engine was meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from tilewright.hw.spec.profile import ACTIVITIES
from tilewright.sim.report.colours import BUSY_COLOUR, PALETTE, colours_of
from tilewright.sim.report.figures.style import (
    INK,
    LETTER_INCHES,
    engineering,
    legend_above,
    new_figure,
    styled,
)
from tilewright.sim.report.figures.tips import tell, tell_area
from tilewright.sim.report.units import count, percent, share, short_names
from tilewright.sim.results.course import Course
from tilewright.sim.results.rows import BUSY
from tilewright.sim.results.segments import Segment

BINS = 360
NAME_WIDTH = 12
WATCHED = tuple(engine for engine in ACTIVITIES if engine != "array")
PLOT_INCHES = 6.4
LANE_COLOURS = {
    "CPU": PALETTE[5], "array": BUSY_COLOUR, "requantiser": PALETTE[4], "DMA": PALETTE[0],
}  # fmt: skip

Curve = tuple[list[int], list[float]]
"""Cycles at which a step begins, the last of them the end; and the height of each step."""


@styled
def timeline_figure(course: Course, clock_hz: int) -> Figure:
    """Layers as boxes over time, and below, for each engine, the share of cycles it worked in.

    The course must have segments. The array's shares are a layer's averages, and so are those of
    the other engines where nobody watched them.
    """
    lanes = engine_shares(course)
    end = _end(course.segments)
    figure = new_figure(1.3 + 0.55 * len(lanes))
    all_axes = figure.subplots(
        1 + len(lanes), 1, sharex=True, height_ratios=[0.55, *[1.0] * len(lanes)]
    )
    _layer_boxes(figure, all_axes[0], course, end)
    for axes, (name, (times, shares)) in zip(all_axes[1:], lanes.items(), strict=True):
        axes.stairs(shares, times, fill=True, color=LANE_COLOURS[name], linewidth=0)
        for layer, start, stop in _layer_spans(course.segments):
            _tell_share(axes, course.program.layers[layer].name, name, (times, shares), start, stop)
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 1])
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
        axes.grid(axis="x")
    bottom = all_axes[-1]
    bottom.set_xlim(0, end)
    bottom.xaxis.set_major_formatter(engineering())
    averaged = "array" if course.activity else "shares"
    bottom.set_xlabel(f"cycles ({clock_hz / 1e6:g} MHz; {averaged}: averages of each layer)")
    return figure


def engine_shares(course: Course) -> dict[str, Curve]:
    """For each engine that the Program uses: the share of its cycles in which it worked."""
    segments = course.segments
    times = [*(segment.start for segment in segments), _end(segments)]
    lanes = {"CPU": (times, [_part(s.cpu_active, s.cycles) for s in segments])}
    if not any(segment.causes for segment in segments):
        return lanes
    lanes["array"] = (times, [_part(s.causes.get(BUSY, 0), s.cycles) for s in segments])
    if course.activity:
        # Not the array: its pauses are shorter than what a stretch of activity tells.
        return lanes | {engine: _watched(course, engine) for engine in WATCHED}
    lanes["DMA"] = (times, [_part(_beats(s), s.cycles) for s in segments])
    return lanes


def _watched(course: Course, engine: str) -> Curve:
    """Shares in bins of equal length."""
    end = _end(course.segments)
    edges = np.linspace(0, end, min(BINS, end) + 1).round().astype(int)
    worked = np.zeros(end + 1, dtype=np.int64)
    for name, start, stop in course.activity:
        if name == engine:
            worked[min(start, end)] += 1
            worked[min(stop, end)] -= 1
    before = np.concatenate(([0], np.cumsum(np.cumsum(worked)[:end])))
    shares = np.diff(before[edges]) / np.diff(edges)
    return edges.tolist(), shares.tolist()


def _layer_boxes(figure: Figure, axes: Axes, course: Course, end: int) -> None:
    layers = course.program.layers
    colours = colours_of(dict.fromkeys(layer.op for layer in layers))
    names = short_names([layer.name for layer in layers], NAME_WIDTH)
    for index, start, stop in _layer_spans(course.segments):
        layer, name = layers[index], names[index]
        box = axes.add_patch(
            Rectangle((start, 0), stop - start, 1, facecolor=colours[layer.op], alpha=0.85,
                      edgecolor="white", linewidth=0.4)
        )  # fmt: skip
        tell(box, f"{layer.name}: {layer.op}, {_stretch(start, stop, end)}")
        if PLOT_INCHES * (stop - start) / end > LETTER_INCHES * len(name):
            axes.text((start + stop) / 2, 0.5, name, ha="center", va="center", fontsize=6,
                      color=INK)  # fmt: skip
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_ylabel("layers", rotation=0, ha="right", va="center")
    legend_above(figure, colours)


def _layer_spans(segments: Sequence[Segment]) -> list[tuple[int, int, int]]:
    """Layer, start and end; what follows itself without a gap is one."""
    spans = [(s.layer, s.start, s.start + s.cycles) for s in segments if s.layer is not None]
    merged: list[tuple[int, int, int]] = []
    for layer, start, stop in spans:
        if merged and merged[-1][0] == layer and merged[-1][2] == start:
            merged[-1] = (layer, merged[-1][1], stop)
        else:
            merged.append((layer, start, stop))
    return merged


def _tell_share(axes: Axes, layer: str, engine: str, curve: Curve, start: int, stop: int) -> None:
    """Over a layer's stretch of an engine's lane, the share of its cycles in which it worked."""
    times, shares = curve
    worked = np.concatenate(([0.0], np.cumsum(np.diff(times) * shares)))
    before, after = np.interp([start, stop], times, worked).tolist()
    part = share(after - before, stop - start)
    text = f"{layer}: {engine} works in {percent(part)} of {count(stop - start)} cycles"
    tell_area(axes, start, stop - start, 1, text)


def _stretch(start: int, stop: int, end: int) -> str:
    length = stop - start
    return (
        f"{count(length)} cycles from {count(start)} on, {percent(share(length, end))} of the whole"
    )


def _beats(segment: Segment) -> int:
    names = ("memory_read_beats", "memory_write_beats")
    return sum(segment.events.get(name, 0) for name in names)


def _part(worked: int, cycles: int) -> float:
    return worked / cycles if cycles else 0.0


def _end(segments: Sequence[Segment]) -> int:
    return segments[-1].start + segments[-1].cycles
