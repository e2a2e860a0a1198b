"""A figure as text for a page, or as a file for a paper."""

from __future__ import annotations

import re
import warnings
from html import escape
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.sim.files import write_atomically
from tilewright.sim.report.figures.style import INK, styled
from tilewright.sim.report.figures.tips import with_titles
from tilewright.sim.version import origin_line

DPI = 200
"""Of PNG files."""

FORMATS = ("pdf", "svg", "png")
"""Of pictures as files: two of lines and letters, which stay sharp at any size, one of dots."""

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
    body = with_titles(body)
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


@styled
def save_figure(figure: Figure, path: Path) -> None:
    """Write the figure in the format of the path's ending, one of `FORMATS`.

    The file appears whole or not at all; PNG has a white background. Raises RequestError.
    """
    buffer = BytesIO()
    kind = path.suffix.removeprefix(".")
    _save(figure, buffer, kind)
    drawn = buffer.getvalue()
    write_atomically(path, with_titles(drawn.decode()) if kind == "svg" else drawn)


def parse_formats(text: str) -> tuple[str, ...]:
    """Formats with commas between them. Raises RequestError for others than `FORMATS`."""
    found = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    for name in found:
        if name not in FORMATS:
            raise RequestError(f"--format {shown(text)}: must be of {', '.join(FORMATS)}")
    return found


def _save(figure: Figure, buffer: BytesIO, kind: str) -> None:
    with warnings.catch_warnings():
        # A name may have letters that the font lacks: they show as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(
            buffer, format=kind, dpi=DPI, transparent=kind != "png", metadata=_metadata(kind)
        )


def _metadata(kind: str) -> dict[str, str | None]:
    """Who drew it, and no date: the same figures are the same bytes."""
    match kind:
        case "svg":
            return {"Creator": origin_line(), "Date": None}
        case "pdf":
            return {"Creator": origin_line(), "Producer": None, "CreationDate": None}
        case _:
            return {"Software": origin_line()}
