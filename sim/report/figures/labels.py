"""Names beside points, where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

PLACES = ((0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7), (0.0, 1.0), (0.0, -1.0))
"""Where a label may stand: directions from its point."""

GAP = 2.0


class Label(NamedTuple):
    """A text for the point (x, y), which is drawn with this radius in points."""

    x: float
    y: float
    radius: float
    text: str


def place_labels(axes: Axes, labels: Sequence[Label]) -> None:
    """Put the texts beside their points; a label that would cover another is left out.

    Call it when scales and limits are set; earlier labels have the better places.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    canvas = FigureCanvasAgg(figure)  # type: ignore[arg-type]
    canvas.draw()
    renderer = canvas.get_renderer()
    inside = axes.get_window_extent(renderer)
    taken = [text.get_window_extent(renderer) for text in axes.texts]
    for x, y, radius, text in labels:
        away = radius + GAP
        for right, up in PLACES:
            note = axes.annotate(
                text, (x, y), (right * away, up * away), textcoords="offset points", fontsize=6.5,
                ha="left" if right > 0 else "right" if right < 0 else "center",
                va="bottom" if up > 0 else "top",
            )  # fmt: skip
            box = note.get_window_extent(renderer)
            if _within(box, inside) and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            note.remove()


def _within(box: Bbox, outer: Bbox) -> bool:
    return outer.x0 <= box.x0 and box.x1 <= outer.x1 and outer.y0 <= box.y0 and box.y1 <= outer.y1
