"""A picture that a notebook shows and a script saves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.sim.report.figures.output import png_bytes, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """One of a result's pictures, for papers: white background, 200 dots an inch.

    Attributes
    ----------
    name: which one.
    figure: matplotlib's, to be changed at will.
    """

    name: str
    figure: Figure

    def save(self, path: str | Path) -> None:
        """Write it as PNG, PDF or SVG, by the ending; it appears whole or not at all.

        Raises RequestError.
        """
        save_figure(self.figure, Path(path))

    def _repr_png_(self) -> bytes:
        """For notebooks."""
        return png_bytes(self.figure)
