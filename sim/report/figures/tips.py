"""What a reader is told who points at an element of a picture.

A figure's element carries its words as its id; `output` makes them the element's title in an SVG,
and pictures without elements (PDF, PNG) leave them out.
"""

from __future__ import annotations

import re

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

_MARK = "tip:"
_MARKED = re.compile(rf"""<g id=(["']){_MARK}(.*?)\1>""")
"""A group with a mark: names with quotation marks stand between others."""


def tell(artist: Artist, text: str) -> None:
    """Show the text when somebody points at the artist."""
    artist.set_gid(_MARK + " ".join(text.split()))


def tell_area(axes: Axes, start: float, width: float, height: float, text: str) -> None:
    """Show the text over an area from (start, 0) on, in the axes' units, which stays unseen."""
    area = Rectangle((start, 0), width, height, facecolor="none", edgecolor="none", linewidth=0)
    tell(area, text)
    axes.add_patch(area)


def with_titles(svg: str) -> str:
    """The SVG of a figure with titles in place of marks. Unseen areas answer as others do."""
    return _MARKED.sub(r'<g pointer-events="all"><title>\2</title>', svg)
