"""A difference as a page without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from tilewright.sim.diff.difference import Difference, LayerPair
from tilewright.sim.diff.rows import (
    cause_rows,
    config_rows,
    energy_rows,
    layer_row,
    remarks,
    total_rows,
)
from tilewright.sim.files import write_atomically
from tilewright.sim.report.html import bar, cell, document, head, legend, table
from tilewright.sim.report.units import shortened

NAME_WIDTH = 28
COLOURS = {"A": "#4269d0", "B": "#efb118"}

_COLUMNS = (
    ("layer", True),
    ("operator", True),
    ("on", True),
    ("cycles A", False),
    ("cycles B", False),
    ("change", False),
    ("", False),
    ("A above B", True),
    ("energy A", False),
    ("energy B", False),
    ("", False),
)


def write_difference(path: Path, found: Difference) -> None:
    """Write the page; the file appears whole or not at all."""
    write_atomically(path, difference_page(found))


def difference_page(found: Difference) -> str:
    """The HTML text."""
    runs = "".join(
        f"<dt>{letter}</dt><dd>{escape(run.title)}<br>{escape(str(run.path))}"
        f"{escape(f', Tilewright {run.origin}' if run.origin else '')}</dd>"
        for letter, run in (("A", found.a), ("B", found.b))
    )
    notes = "".join(f'<p class="note">{escape(line)}</p>' for line in remarks(found))
    sections = [
        f"<dl>{runs}</dl>{notes}",
        _figures("Totals", ("", "A", "B", "change"), total_rows(found)),
        _figures("Configuration", ("", "A", "B"), config_rows(found)),
        f"<h2>Layers</h2>{legend(COLOURS)}{_layers(found.layers)}",
        _figures("Cycles lost", ("to", "A", "B", "change"), cause_rows(found)),
        _figures("Energy (modelled, not measured)", ("", "A", "B", "change"), energy_rows(found)),
    ]
    return document(f"{found.a.title} beside {found.b.title}", "".join(sections))


def _figures(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    columns = head([(heading, number == 0) for number, heading in enumerate(headings)])
    lines = "".join(
        f"<tr>{''.join(cell(text, left=i == 0) for i, text in enumerate(row))}</tr>" for row in rows
    )
    return f"<h2>{escape(title)}</h2>{table(f'{columns}<tbody>{lines}</tbody>')}"


def _layers(layers: Sequence[LayerPair]) -> str:
    cycles = [n for pair in layers for n in (pair.cycles.a, pair.cycles.b) if n]
    longest = max(cycles, default=1)
    rows = "".join(_layer(pair, longest) for pair in layers)
    return table(f"{head(_COLUMNS)}<tbody>{rows}</tbody>")


def _layer(pair: LayerPair, longest: float) -> str:
    cells = layer_row(pair)
    bars = "".join(
        bar(
            {name: (cycles or 0) / longest},
            COLOURS,
            "cycles thin",
            {name: f"{pair.name} in {name}: {cycles or 0:,.0f} cycles"},
        )
        for name, cycles in (("A", pair.cycles.a), ("B", pair.cycles.b))
    )
    short = escape(shortened(pair.name, NAME_WIDTH))
    name = f'<td class="left" title="{escape(pair.name)}">{short}</td>'
    change = pair.cycles.change or 0
    verdict = "good" if change < 0 else "bad" if change > 0 else ""
    return (
        f"<tr>{name}{cell(cells[1], left=True)}{cell(cells[2], left=True)}{cell(cells[3])}"
        f'{cell(cells[4])}<td class="{verdict}">{escape(cells[5])}</td>{cell(cells[6])}'
        f'<td class="left">{bars}</td>{"".join(map(cell, cells[7:]))}</tr>'
    )
