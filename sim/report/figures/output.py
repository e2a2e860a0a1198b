"""A figure as text for a page, or as a file for a paper."""

from __future__ import annotations

import re
import warnings
from html import escape
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from sim.files import write_atomically
from sim.report.figures.style import INK, styled

DPI = 200
"""Of PNG files."""

_SVG = re.compile(r"<svg\b[^>]*?viewBox=\"([^\"]*)\"[^>]*>(.*)</svg>", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_ATTRIBUTE = re.compile(r' (?:d|x|y|cx|cy|width|height|transform|points)="[^"]*"')
_LONG_NUMBER = re.compile(r"(\.\d\d)\d+")
_COUNTED_ID = re.compile(r' id="\w+_\d+"')


@styled
def inline_svg(figure: Figure, label: str) -> str:
    """The figure as an element of an HTML page.

    Texts take the page's colour, so that a dark page stays readable. ``label`` tells who cannot
    see it what it shows.
    """
    buffer = BytesIO()
    _save(figure, buffer, "svg")
    found = _SVG.search(buffer.getvalue().decode())
    assert found is not None
    view, body = found.groups()
    body = _METADATA.sub("", body)
    # Inside a page, ids of the several figures would clash; clip paths have hashes for names.
    body = _COUNTED_ID.sub("", body)
    body = _ATTRIBUTE.sub(lambda attribute: _LONG_NUMBER.sub(r"\1", attribute[0]), body)
    body = body.replace("xlink:href", "href").replace(f"fill: {INK}", "fill: currentColor")
    body = body.replace(f"stroke: {INK}", "stroke: currentColor")
    lines = "\n".join(line.strip() for line in body.splitlines() if line.strip())
    return (
        f'<svg viewBox="{view}" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>{lines}</svg>"
    )


@styled
def png_bytes(figure: Figure) -> bytes:
    """The figure as PNG, with a white background."""
    buffer = BytesIO()
    _save(figure, buffer, "png")
    return buffer.getvalue()


def save_png(figure: Figure, path: Path) -> None:
    """Write `png_bytes`; the file appears whole or not at all."""
    write_atomically(path, png_bytes(figure))


def _save(figure: Figure, buffer: BytesIO, kind: str) -> None:
    with warnings.catch_warnings():
        # A name may have letters that the font lacks: they show as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=DPI, transparent=kind == "svg", metadata=metadata)
