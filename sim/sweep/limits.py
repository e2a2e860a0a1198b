"""Limits on results: ``--limit "energy_j <= 1e-3"``, ``--limit "energy <= 1 mJ"``.

What a configuration may be is said by ``--where``, before anything is evaluated; a limit says what
a result must be, and so chooses among what was evaluated.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tilewright.hw.spec.config import FIELDS
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.report.column_names import names_of, nearest, plain
from tilewright.sim.report.quantities import parse_quantity
from tilewright.sim.report.sweep_data import Column, column_of
from tilewright.sim.sweep.schema import COLUMNS, LIMITED

_TEXT = re.compile(r"\s*([^<>=!]+?)\s*(<=|>=|==|!=|=|<|>)\s*([^<>=!]+?)\s*")

_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Limit:
    """A column of the results, how it is compared, and with what, in the column's unit."""

    text: str
    column: str
    sign: str
    value: float

    def holds(self, figure: float | None) -> bool:
        """Whether the figure keeps it; one that is not known does not."""
        return figure is not None and _SIGNS[self.sign](figure, self.value)

    def excess(self, figure: float) -> float:
        """How far the figure is beyond it, relative to the limit; 0 where it holds.

        Of a limit of 0, which nothing is relative to, the distance itself.
        """
        return 0.0 if self.holds(figure) else abs(figure - self.value) / (abs(self.value) or 1.0)


def parse_limit(text: str) -> Limit:
    """The limit that ``text`` states, by a column's name or title, in any of its units.

    Raises RequestError that says what is wrong, with near names for an unknown one.
    """
    found = _TEXT.fullmatch(text)
    if not found:
        raise RequestError(
            f"--limit {text!r}: must read COLUMN <= VALUE (or >=, <, >), for example 'energy <= 1 "
            "mJ'; give --limit again for a second one"
        )
    name, sign, quantity = found.groups()
    if sign not in _SIGNS:
        raise RequestError(f"--limit {text!r}: {sign} is no limit; write <=, >=, < or >")
    column = _column(text, name)
    try:
        value = parse_quantity(quantity, column.unit)
    except ValueError as error:
        raise RequestError(f"--limit {text!r}: {error}") from None
    return Limit(text.strip(), column.name, sign, value)


def parse_limits(texts: Sequence[str]) -> tuple[Limit, ...]:
    """Each of them, in the order given."""
    return tuple(parse_limit(text) for text in texts)


def _column(text: str, name: str) -> Column:
    names = names_of(column_of(one) for one in LIMITED)
    if column := names.get(plain(name)):
        return column_of(column)
    everything = names_of(column_of(one) for one in COLUMNS)
    other = everything.get(plain(name))
    if other in FIELDS:
        raise RequestError(
            f"--limit {text!r}: {other} is a field of the configuration; choose it by --where, "
            "before anything is evaluated"
        )
    if other is not None:
        raise RequestError(
            f"--limit {text!r}: {other} is not known of every point; limits can be set to "
            f"{', '.join(LIMITED)}"
        )
    near = nearest(name, names)
    hint = (
        f"did you mean {' or '.join(_called(one) for one in near)}?"
        if near
        else f"limits can be set to {', '.join(LIMITED)}"
    )
    raise RequestError(f"--limit {text!r}: there is no column {name!r}; {hint}")


def _called(name: str) -> str:
    """A column by its name, with its title where that is another word."""
    label = column_of(name).label
    return name if plain(label) == plain(name) else f"{name} ({label})"
