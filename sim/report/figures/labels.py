"""Names beside points, where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from tilewright.sim.report.figures.style import SOFT

NEAR = ((0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7), (0.0, 1.0), (0.0, -1.0))
"""Where a label may stand: directions from its point."""

FAR = ((0.3, -1.0), (-0.3, -1.0), (0.8, -1.0), (-0.8, -1.0), (0.3, 1.0), (-0.3, 1.0))
"""Where it may stand at the end of a line to its point."""

GAP = 2.0
LINES = (14.0, 24.0, 34.0, 46.0)
"""Points from a dot to a label at the end of a line."""

MOST_WITH_LINES = 40
"""Labels beyond which lines would be a thicket: what has no room near its point has no label."""

LEADER = {"arrowstyle": "-", "color": SOFT, "linewidth": 0.4, "shrinkA": 0, "shrinkB": 1}


class Label(NamedTuple):
    """A text for the point (x, y), which is drawn with this radius in points."""

    x: float
    y: float
    radius: float
    text: str


def place_labels(axes: Axes, labels: Sequence[Label]) -> None:
    """Put the texts beside their points, or where there is no room, at the end of a thin line.

    A label that would cover another one or a point is left out. Call it when scales and limits are
    set; earlier labels have the better places.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    canvas = FigureCanvasAgg(figure)  # type: ignore[arg-type]
    canvas.draw()
    renderer = canvas.get_renderer()
    inside = axes.get_window_extent(renderer)
    taken = [text.get_window_extent(renderer) for text in axes.texts]
    dots = [_dot(axes, label, figure.dpi / 72) for label in labels]
    for (x, y, radius, text), own in zip(labels, dots, strict=True):
        near = [(right * (radius + GAP), up * (radius + GAP), False) for right, up in NEAR]
        far = [
            (right * (radius + away), up * (radius + away), True)
            for away in LINES
            for right, up in FAR
            if len(labels) <= MOST_WITH_LINES
        ]
        others = [dot for dot in dots if dot is not own]
        for right, up, line in (*near, *far):
            note = axes.annotate(
                text, (x, y), (right, up), textcoords="offset points", fontsize=6.5,
                ha="left" if right > 0 else "right" if right < 0 else "center",
                va="bottom" if up > 0 else "top",
                arrowprops=LEADER if line else None,
            )  # fmt: skip
            # Of the text alone: the line may pass where it must.
            note.update_positions(renderer)
            box = Text.get_window_extent(note, renderer)
            if _within(box, inside) and not any(box.overlaps(it) for it in (*taken, *others)):
                taken.append(box)
                break
            note.remove()


def _dot(axes: Axes, label: Label, pixels: float) -> Bbox:
    """Where a label's point is drawn; as a square inside its circle."""
    x, y = axes.transData.transform((label.x, label.y))
    half = 0.7 * label.radius * pixels
    return Bbox.from_extents(x - half, y - half, x + half, y + half)


def _within(box: Bbox, outer: Bbox) -> bool:
    return outer.x0 <= box.x0 and box.x1 <= outer.x1 and outer.y0 <= box.y0 and box.y1 <= outer.y1
