"""What our pages without scripts are made of: the frame, tables, bars and legends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files

from tilewright.sim.report.colours import BUSY_COLOUR
from tilewright.sim.report.units import percent
from tilewright.sim.version import origin_line

UTILISATION = "utilisation"


def document(title: str, body: str) -> str:
    """A whole page: ``title`` is text, ``body`` HTML."""
    style = files("tilewright.sim.report").joinpath("page.css").read_text()
    heading = escape(title)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{heading}</title><style>{style}</style></head><body><main>"
        f"<h1>{heading}</h1>{body}<footer>{escape(origin_line())}</footer></main></body></html>\n"
    )


def table(content: str) -> str:
    """A table of rows, which scrolls by itself where the window is too narrow."""
    return f'<div class="wide"><table>{content}</table></div>'


def head(columns: Sequence[tuple[str, bool]]) -> str:
    """The first row: texts, and whether their columns are aligned left."""
    cells = (f"<th{' class=left' if left else ''}>{escape(text)}</th>" for text, left in columns)
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def cell(text: str, *, left: bool = False) -> str:
    """A cell of text."""
    return f"<td{' class=left' if left else ''}>{escape(text)}</td>"


def legend(colours: Mapping[str, str]) -> str:
    """Names with their colours."""
    items = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name.replace("_", " "))}</span>'
        for name, colour in colours.items()
    )
    return f'<p class="legend">{items}</p>'


def bar(
    parts: Mapping[str, float],
    colours: Mapping[str, str],
    kind: str,
    told: Mapping[str, str] | None = None,
) -> str:
    """A bar of coloured parts, each a share (0..1) of the bar's full width.

    ``told`` is what is said of a part on hovering; without it, its name and share.
    """
    words = told or {
        name: f"{name.replace('_', ' ')}: {percent(part)}" for name, part in parts.items()
    }
    spans = "".join(
        f'<i style="width:{100 * part:.2f}%;background:{colours[name]}" '
        f'title="{escape(words[name])}"></i>'
        for name, part in parts.items()
        if part > 0
    )
    return f'<span class="bar {kind}">{spans}</span>'


def meter(value: float | None) -> str:
    """A short bar for a share; nothing for what is not known."""
    return "" if value is None else bar({UTILISATION: value}, {UTILISATION: BUSY_COLOUR}, "meter")
