"""The result of a run as one self-contained HTML page: no scripts, no external resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from tilewright.sim.costs.energy import COMPONENTS
from tilewright.sim.files import write_atomically
from tilewright.sim.report.causes import MEANINGS
from tilewright.sim.report.colours import BUSY_COLOUR, LOSS_COLOURS, OTHER_COLOUR, colours_of
from tilewright.sim.report.html import bar, document, head, legend, meter, table
from tilewright.sim.report.shapes import described
from tilewright.sim.report.terminal import (
    MODELLED,
    NAME_WIDTH,
    check_line,
    report_title,
    total_rows,
)
from tilewright.sim.report.units import (
    ABSENT,
    count,
    part_of_layer,
    percent,
    quantity,
    share,
    shortened,
)
from tilewright.sim.results.course import Course
from tilewright.sim.results.result import OF_THE_ACCELERATOR, Layer, RunResult

CAPTIONS = {
    "cycles": "Where the cycles went",
    "timeline": "Over time",
    "roofline": "What bounds the layers",
    "memory": "What lies where in the memories",
    "energy": "Energy by layer (modelled, not measured)",
}


def write_page(path: Path, result: RunResult, course: Course) -> None:
    """Write the page; the file appears whole or not at all."""
    write_atomically(path, page(result, course))


def page(result: RunResult, course: Course) -> str:
    """The HTML text."""
    sections = (
        _summary(result),
        _layer_section(result),
        _energy_section(result),
        _pictures(result, course),
        _config(result),
    )
    return document(report_title(result), "".join(sections))


def _summary(result: RunResult) -> str:
    total = result.total
    failed = result.check is not None and result.check.mismatches > 0
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in result.model.notes)
    rows = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>"
        for label, value in total_rows(result, total)
    )
    verdict = f'<p class="{"bad" if failed else "good"}">{escape(check_line(result))}</p>'
    return f"{verdict}{notes}<dl>{rows}</dl>"


def _layer_section(result: RunResult) -> str:
    causes = {cause for layer in result.layers for cause, cycles in layer.losses.items() if cycles}
    losses = {cause: colour for cause, colour in LOSS_COLOURS.items() if cause in causes}
    colours = {"computes": BUSY_COLOUR} | losses | {"other": OTHER_COLOUR}
    columns = (
        ("layer", True),
        ("operator", True),
        ("on", True),
        ("cycles", False),
        ("share", False),
        ("MACs", False),
        *((("utilisation", False), ("where the cycles went", True)) if result.has_array else ()),
        ("energy", False),
    )
    cycles = result.total.cycles
    rows = "".join(_layer_row(layer, cycles, colours, result.has_array) for layer in result.layers)
    colour_names = legend(colours) + meanings(losses) if result.has_array else ""
    return f"<h2>Layers</h2>{colour_names}{table(f'{head(columns)}<tbody>{rows}</tbody>')}"


def meanings(causes: Iterable[str]) -> str:
    """What the named causes are, to be unfolded."""
    rows = "".join(
        f"<dt>{escape(cause)}</dt><dd>{escape(MEANINGS[cause])}</dd>" for cause in causes
    )
    return f"<details><summary>What these are</summary><dl>{rows}</dl></details>" if rows else ""


def _layer_row(
    layer: Layer, total_cycles: int | None, colours: Mapping[str, str], has_array: bool
) -> str:
    utilisation = layer.mac_utilisation if layer.macs else None
    of_the_array = (
        f"<td>{meter(utilisation)}{percent(utilisation)}</td>",
        f'<td class="left">{_time_bar(layer, colours)}</td>',
    )
    cells = (
        _name_cell(layer),
        f'<td class="left">{escape(layer.op)}</td>',
        f'<td class="left">{layer.engine.upper()}</td>',
        f"<td>{count(layer.cycles)}</td>",
        f"<td>{percent(share(layer.cycles, total_cycles))}</td>",
        f"<td>{count(layer.macs) if layer.macs else ABSENT}</td>",
        *(of_the_array if has_array else ()),
        f"<td>{quantity(layer.energy_j, 'J')}</td>",
    )
    return f'<tr class="{layer.engine}">{"".join(cells)}</tr>'


def _name_cell(layer: Layer) -> str:
    short = escape(shortened(layer.name, NAME_WIDTH))
    below = [described(layer.geometry)] if layer.geometry else []
    if layer.reason:
        below.append(f"on the CPU: {layer.reason}")
    lines = "".join(f"<small>{escape(line)}</small>" for line in below)
    return f'<td class="left" title="{escape(layer.name)}">{short}{lines}</td>'


def _time_bar(layer: Layer, colours: Mapping[str, str]) -> str:
    whole = layer.cycles or 0
    parts = _time_parts(layer)
    told = {
        cause: part_of_layer(layer.name, cause, f"{count(round(part * whole))} cycles", part, 1)
        for cause, part in parts.items()
    }
    return bar(parts, colours, "cycles", told)


def _time_parts(layer: Layer) -> dict[str, float]:
    """Shares of the layer's cycles: computing, each cause of a stall."""
    if not layer.cycles:
        return {}
    lost = {cause: cycles / layer.cycles for cause, cycles in layer.losses.items()}
    rest = max(0.0, 1.0 - sum(lost.values()))
    return {"computes" if layer.engine == "npu" else "other": rest} | lost


def _energy_section(result: RunResult) -> str:
    total = result.total.energy_by_component_j
    if total is None:
        return ""
    colours = {name: colour for name, colour in colours_of(COMPONENTS).items() if total.get(name)}
    whole = sum(total.values()) or 1.0
    parts = {name: joules / whole for name, joules in total.items()}
    told = {
        name: f"{name.replace('_', ' ')}: {quantity(joules, 'J')}, {percent(parts[name])}"
        for name, joules in total.items()
    }
    rows = "".join(
        f'<tr><td class="left">{escape(name.replace("_", " "))}</td>'
        f"<td>{quantity(joules, 'J')}</td><td>{percent(joules / whole)}</td></tr>"
        for name, joules in sorted(total.items(), key=lambda item: -item[1])
        if joules
    )
    return (
        f"<h2>Energy ({MODELLED})</h2>"
        f"<p>Figures: {escape(str(result.config['energy_table']))}.</p>"
        f"{legend(colours)}{bar(parts, colours, 'whole', told)}"
        f"{table(f'<tbody>{rows}</tbody>')}"
    )


def _pictures(result: RunResult, course: Course) -> str:
    from tilewright.sim.report.figures.output import inline_svg
    from tilewright.sim.report.figures.run import run_figures

    return "".join(
        f"<figure><h2>{CAPTIONS[name]}</h2>{inline_svg(figure, CAPTIONS[name])}</figure>"
        for name, figure in run_figures(result, course).items()
    )


def _config(result: RunResult) -> str:
    rows = "".join(
        f'<tr><td class="left">{escape(key)}</td><td class="left">{escape(str(value))}</td></tr>'
        for key, value in result.config.items()
        if result.has_array or key not in OF_THE_ACCELERATOR
    )
    model = result.model
    return (
        f"<h2>Configuration</h2><p>{escape(model.name)}: {escape(model.path)}, "
        f"{count(model.parameters)} parameters, sha256 {escape(model.sha256)}</p>"
        f"{table(f'<tbody>{rows}</tbody>')}"
    )
