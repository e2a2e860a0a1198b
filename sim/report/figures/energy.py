"""Where the energy went, by layer and component."""

from __future__ import annotations

from matplotlib.figure import Figure

from tilewright.sim.costs.energy import COMPONENTS
from tilewright.sim.report.colours import colours_of
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
from tilewright.sim.report.units import part_of_layer, quantity
from tilewright.sim.results.result import Layer, RunResult


@styled
def energy_figure(result: RunResult) -> Figure:
    """Stacked bars of joules by layer, one part a component. The result must know energy."""
    layers = timed(result)
    total = result.total.energy_by_component_j or {}
    colours = {name: colour for name, colour in colours_of(COMPONENTS).items() if total.get(name)}
    parts = [
        (name, [(layer.energy_by_component_j or {}).get(name, 0.0) for layer in layers])
        for name in colours
    ]
    figure = new_figure(counted_height(layers, 1.0))
    axes = figure.subplots()
    stacked_bars(axes, layers, parts, colours, _told)
    layer_axis(axes, layers)
    axes.set_xlabel("energy (modelled, not measured)")
    axes.xaxis.set_major_formatter(engineering("J"))
    legend_above(figure, colours)
    return figure


def _told(layer: Layer, component: str, joules: float) -> str:
    whole = layer.energy_j or 0.0
    return part_of_layer(layer.name, component, quantity(joules, "J"), joules, whole)
