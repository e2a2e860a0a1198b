"""What all figures have in common: sizes for a page of paper, colours, names as they are.

Figures are made with the object API, without pyplot's global state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter, FixedFormatter, FixedLocator

from tilewright.sim.report.figures.tips import tell
from tilewright.sim.report.units import short_names
from tilewright.sim.results.result import Layer, RunResult

INK = "#1c2128"
SOFT = "#7b838c"

WIDTH = 7.2
"""Inches: both columns of a page."""

BAR_HEIGHT = 0.16
LETTER_INCHES = 0.062
"""Of small text, on average."""

LEGEND_INCHES = 0.3
"""What an entry of a legend takes besides its letters."""

NAME_WIDTH = 26
"""Letters of a layer's name."""

STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.0,
    "legend.columnspacing": 1.2,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": SOFT,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    # A layer may be called "$a_b$": no text is mathematics.
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "tilewright",
}

P = ParamSpec("P")
R = TypeVar("R")


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """The function runs with the common style; what draws lazily must be styled too."""

    @wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with rc_context(STYLE):
            return function(*args, **kwargs)

    return inner


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """A figure of this many inches, whose parts make room for each other."""
    return Figure(figsize=(width, height), layout="constrained")


def timed(result: RunResult) -> tuple[Layer, ...]:
    """The rows of which cycles are known."""
    return tuple(layer for layer in result.layers if layer.cycles is not None)


def layer_axis(axes: Axes, layers: Sequence[Layer]) -> None:
    """The layers' names from the top, one line each."""
    axes.set_ylim(len(layers) - 0.4, -0.6)
    axes.yaxis.set_major_locator(FixedLocator(list(range(len(layers)))))
    names = short_names([layer.name for layer in layers], NAME_WIDTH)
    axes.yaxis.set_major_formatter(FixedFormatter(names))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def stacked_bars(
    axes: Axes,
    layers: Sequence[Layer],
    parts: Iterable[tuple[str, Sequence[float]]],
    colours: dict[str, str],
    told: Callable[[Layer, str, float], str],
) -> None:
    """Horizontal bars of parts; ``parts`` are names and lengths by layer.

    ``told`` makes of a layer, a part's name and its length what is said of it on hovering.
    """
    left: list[float] = []
    for name, lengths in parts:
        left = left or [0.0] * len(lengths)
        shown = [line for line, length in enumerate(lengths) if length]
        bars = axes.barh(
            shown, [lengths[line] for line in shown], 0.72, [left[line] for line in shown],
            color=colours[name], linewidth=0,
        )  # fmt: skip
        for bar, line in zip(bars, shown, strict=True):
            tell(bar, told(layers[line], name.replace("_", " "), lengths[line]))
        left = [start + length for start, length in zip(left, lengths, strict=True)]


def legend_above(figure: Figure, colours: Mapping[str, str]) -> None:
    """Names and colours in the figure's head, on as few lines as they fit."""
    handles = [Patch(color=colour, linewidth=0) for colour in colours.values()]
    names = [name.replace("_", " ") for name in colours]
    choices = (-(-len(names) // lines) for lines in range(1, len(names) + 1))
    columns = next(n for n in choices if n == 1 or _legend_width(names, n) < WIDTH)
    figure.legend(handles, names, loc="outside upper left", ncols=columns)


def _legend_width(names: Sequence[str], columns: int) -> float:
    """Inches; a legend fills its columns from the top, the first ones with what is left over."""
    lines, longer = divmod(len(names), columns)
    left = iter(names)
    width = 0.0
    for column in range(columns):
        longest = max(len(next(left)) for _ in range(lines + (column < longer)))
        width += LEGEND_INCHES + LETTER_INCHES * longest
    return width


def engineering(unit: str = "", places: int | None = None) -> EngFormatter:
    """Ticks such as 20k or 5 µs."""
    return EngFormatter(unit, places=places, sep=" " if unit else "")


def counted_height(layers: Sequence[Layer], others: float) -> float:
    """Inches for a line a layer and `others` more."""
    return BAR_HEIGHT * max(len(layers), 3) + others
