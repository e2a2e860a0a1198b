"""The result of a run as one self-contained HTML page: no scripts, no external resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path

from sim.costs.energy import COMPONENTS
from sim.files import write_atomically
from sim.report.causes import MEANINGS
from sim.report.colours import BUSY_COLOUR, LOSS_COLOURS, OTHER_COLOUR, colours_of
from sim.report.shapes import described
from sim.report.terminal import MODELLED, NAME_WIDTH, check_line, report_title, total_rows
from sim.report.units import ABSENT, count, percent, quantity, share, shortened
from sim.results.course import Course
from sim.results.result import OF_THE_ACCELERATOR, Layer, RunResult
from sim.version import origin_line

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
    title = escape(report_title(result))
    style = files("sim.report").joinpath("page.css").read_text()
    sections = (
        _summary(result),
        _layer_section(result),
        _energy_section(result),
        _pictures(result, course),
        _config(result),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{style}</style></head><body><main>"
        f"<h1>{title}</h1>{''.join(sections)}{footer()}</main></body></html>\n"
    )


def footer() -> str:
    """Who wrote the page."""
    return f"<footer>{escape(origin_line())}</footer>"


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
    head = "".join(
        f"<th{' class=left' if left else ''}>{escape(heading)}</th>"
        for heading, left in (
            ("layer", True),
            ("operator", True),
            ("on", True),
            ("cycles", False),
            ("share", False),
            ("MACs", False),
            *(
                (("utilisation", False), ("where the cycles went", True))
                if result.has_array
                else ()
            ),
            ("energy", False),
        )
    )
    cycles = result.total.cycles
    rows = "".join(_layer_row(layer, cycles, colours, result.has_array) for layer in result.layers)
    legend = _legend(colours) + meanings(losses) if result.has_array else ""
    return (
        f"<h2>Layers</h2>{legend}{_table(f'<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>')}"
    )


def meanings(causes: Iterable[str]) -> str:
    """What the named causes are, to be unfolded."""
    rows = "".join(
        f"<dt>{escape(cause)}</dt><dd>{escape(MEANINGS[cause])}</dd>" for cause in causes
    )
    return f"<details><summary>What these are</summary><dl>{rows}</dl></details>" if rows else ""


def _table(content: str) -> str:
    return f'<div class="wide"><table>{content}</table></div>'


def _layer_row(
    layer: Layer, total_cycles: int | None, colours: Mapping[str, str], has_array: bool
) -> str:
    utilisation = layer.mac_utilisation if layer.macs else None
    of_the_array = (
        f"<td>{_meter(utilisation)}{percent(utilisation)}</td>",
        f'<td class="left">{_bar(_time_parts(layer), colours, "cycles")}</td>',
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
    rows = "".join(
        f'<tr><td class="left">{escape(name.replace("_", " "))}</td>'
        f"<td>{quantity(joules, 'J')}</td><td>{percent(joules / whole)}</td></tr>"
        for name, joules in sorted(total.items(), key=lambda item: -item[1])
        if joules
    )
    return (
        f"<h2>Energy ({MODELLED})</h2>"
        f"<p>Figures: {escape(str(result.config['energy_table']))}.</p>"
        f"{_legend(colours)}{_bar({k: v / whole for k, v in total.items()}, colours, 'whole')}"
        f"{_table(f'<tbody>{rows}</tbody>')}"
    )


def _pictures(result: RunResult, course: Course) -> str:
    from sim.report.figures.output import inline_svg
    from sim.report.figures.run import run_figures

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
        f"{_table(f'<tbody>{rows}</tbody>')}"
    )


def _legend(colours: Mapping[str, str]) -> str:
    items = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name.replace("_", " "))}</span>'
        for name, colour in colours.items()
    )
    return f'<p class="legend">{items}</p>'


def _bar(parts: Mapping[str, float], colours: Mapping[str, str], kind: str) -> str:
    """A bar of coloured parts, each a share (0..1) of the bar's full width."""
    spans = "".join(
        f'<i style="width:{100 * part:.2f}%;background:{colours[name]}" '
        f'title="{escape(name.replace("_", " "))}"></i>'
        for name, part in parts.items()
        if part > 0
    )
    return f'<span class="bar {kind}">{spans}</span>'


def _meter(value: float | None) -> str:
    return "" if value is None else _bar({"u": value}, {"u": BUSY_COLOUR}, "meter")
