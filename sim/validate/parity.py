"""The parity plot: each layer's cycles by the model over those of the RTL, and the errors below."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from tilewright.sim.validate.compare import LARGE_CYCLES, LIMITS, Comparison

_COLOURS = {"npu": "#1f6fb4", "cpu": "#d9822b", "network": "#1a1a1a"}
_MARKS = {"npu": "o", "cpu": "^", "network": "s"}
_LABELS = {
    "npu": "layer on the NPU",
    "cpu": "layer on the CPU",
    "network": "whole network",
}
_EDGE = 1.6
_LIMIT = "#b03030"


def parity_png(comparisons: Sequence[Comparison]) -> bytes:
    """A PNG: parity above, on logarithmic axes; relative errors below, with the limits."""
    groups = _points(comparisons)
    figure = Figure(figsize=(7.2, 7.2), layout="constrained")
    parity, errors = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.3))
    everything = [point for points in groups.values() for point in points]
    low = min(min(point) for point in everything) / _EDGE
    high = max(max(point) for point in everything) * _EDGE
    _draw_parity(parity, low, high)
    _draw_errors(errors, everything, high)
    for kind, points in groups.items():
        if points:
            _scatter(parity, errors, kind, points)
    parity.legend(loc="upper left", frameon=False)
    networks = len(groups["network"])
    designs = len({comparison.design for comparison in comparisons})
    parity.set_title(f"{networks} inferences on {designs} designs", fontsize=10, loc="left")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()


def _points(comparisons: Sequence[Comparison]) -> dict[str, list[tuple[int, int]]]:
    """RTL and model cycles; what takes no cycles has no place on a logarithmic axis."""
    groups: dict[str, list[tuple[int, int]]] = {"npu": [], "cpu": [], "network": []}
    for comparison in comparisons:
        groups["network"].append((comparison.rtl_cycles, comparison.model_cycles))
        for layer in comparison.layers:
            if layer.rtl.cycles > 0 and layer.model.cycles > 0:
                groups[layer.engine].append((layer.rtl.cycles, layer.model.cycles))
    return groups


def _draw_parity(axes: Axes, low: float, high: float) -> None:
    axes.loglog([low, high], [low, high], color="#999999", linewidth=0.8, zorder=1)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_ylabel("cycles by the model")
    axes.grid(color="#e6e6e6", linewidth=0.6)


def _draw_errors(axes: Axes, points: Sequence[tuple[int, int]], high: float) -> None:
    large = [(model - rtl) / rtl for rtl, model in points if rtl > LARGE_CYCLES]
    span = 1.15 * max(LIMITS.layer, *(abs(error) for error in large), 0.0)
    for limit, label in ((LIMITS.layer, "layers"), (LIMITS.network, "networks")):
        for bound in (-limit, limit):
            axes.plot([LARGE_CYCLES, high], [bound] * 2, "--", color=_LIMIT, linewidth=0.8)
        place = (LARGE_CYCLES, limit)
        text = f"limit for {label}"
        axes.annotate(text, place, (3, 2), textcoords="offset points", color=_LIMIT, fontsize=7)
    axes.axhline(0, color="#999999", linewidth=0.8, zorder=1)
    axes.set_ylim(-span, span)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("cycles by the RTL")
    axes.set_ylabel("error")
    axes.grid(color="#e6e6e6", linewidth=0.6)


def _scatter(parity: Axes, errors: Axes, kind: str, points: Sequence[tuple[int, int]]) -> None:
    rtl = [point[0] for point in points]
    shown = {
        parity: [point[1] for point in points],
        errors: [(model - rtl) / rtl for rtl, model in points],
    }
    for axes, values in shown.items():
        axes.scatter(
            rtl,
            values,
            s=14,
            c=_COLOURS[kind],
            marker=_MARKS[kind],
            linewidths=0,
            alpha=0.55,
            label=f"{_LABELS[kind]} ({len(points)})",
        )
