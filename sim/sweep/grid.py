"""Grids: the values that a field takes, and every combination of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Generator, Iterable, Mapping, Sequence

from tilewright.hw.spec.config import typed_values
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.sweep.candidate import Value

MOST_VALUES = 10_000
"""Of a range; more are a mistake."""

_RANGE = re.compile(r"(?P<first>\w+)\.\.(?P<last>\w+)(?:(?P<by>\.\.|\*)(?P<step>\w+))?")

Axes = Mapping[str, Sequence[Value]]


def parse_grids(texts: Sequence[str], option: str = "--grid") -> dict[str, tuple[Value, ...]]:
    """Values by field of the ``--grid KEY=V1,V2,...`` options, in the order given, each once.

    ``option``: its name, for messages.

    An item is a value, a range ``2..16`` or ``2..16..2`` (by steps of two), or ``4096..65536*2``
    (by factors of two). Raises RequestError for what is no grid, unknown fields included.
    """
    axes: dict[str, tuple[Value, ...]] = {}
    for text in texts:
        key, equals, items = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise RequestError(f"{option} {text!r}: must read KEY=V1,V2,...")
        if key in axes:
            raise RequestError(f"{option} {key}: given twice; give all its values in one {option}")
        axes[key] = _values(option, key, items)
    return axes


def axes_of(
    values: Mapping[str, Value | Iterable[Value]], option: str = "--grid"
) -> dict[str, tuple[Value, ...]]:
    """The same of values by field: one, several, or a text such as ``2..16..2``.

    Raises RequestError as `parse_grids` does, and where a field has no values.
    """
    axes: dict[str, tuple[Value, ...]] = {}
    for key, given in values.items():
        if isinstance(given, str):
            axes |= parse_grids([f"{key}={given}"], option)
            continue
        several = given if isinstance(given, Iterable) else (given,)
        found = dict.fromkeys(typed_values({key: value}, option)[key] for value in several)
        if not 0 < len(found) <= MOST_VALUES:
            raise RequestError(f"{option} {key}: {len(found):,} values; give 1 to {MOST_VALUES:,}")
        axes[key] = tuple(found)
    return axes


def size(axes: Axes) -> int:
    """Number of combinations."""
    product = 1
    for values in axes.values():
        product *= len(values)
    return product


def combinations(axes: Axes) -> Generator[dict[str, Value]]:
    """Every combination; the last field varies fastest."""
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _values(option: str, key: str, items: str) -> tuple[Value, ...]:
    found: dict[Value, None] = {}
    for item in (part.strip() for part in items.split(",")):
        if not item:
            raise RequestError(f"{option} {key}={items}: a value is missing between the commas")
        values = _expanded(option, key, item)
        if len(values) > MOST_VALUES:
            raise RequestError(f"{option} {key}={item}: more than {MOST_VALUES:,} values")
        found |= dict.fromkeys(values)
    return tuple(found)


def _expanded(option: str, key: str, item: str) -> Sequence[Value]:
    parts = _RANGE.fullmatch(item)
    if parts is None:
        return [_value(option, key, item)]
    first, last = (_number(option, key, item, parts[name]) for name in ("first", "last"))
    if last < first:
        raise RequestError(
            f"{option} {key}={item}: the range is empty; begin with the smaller value"
        )
    step = _number(option, key, item, parts["step"]) if parts["step"] else 1
    if parts["by"] != "*":
        if step < 1:
            raise RequestError(f"{option} {key}={item}: the step must be at least 1")
        if (last - first) // step >= MOST_VALUES:
            raise RequestError(f"{option} {key}={item}: more than {MOST_VALUES:,} values")
        return range(first, last + 1, step)
    if step < 2 or first < 1:
        raise RequestError(f"{option} {key}={item}: factors are at least 2, and values at least 1")
    values = [first]
    while values[-1] * step <= last:
        values.append(values[-1] * step)
    return values


def _value(option: str, key: str, text: str) -> Value:
    return typed_values({key: text}, option)[key]


def _number(option: str, key: str, item: str, text: str) -> int:
    value = _value(option, key, text)
    if isinstance(value, str):
        raise RequestError(f"{option} {key}={item}: {key} takes words, which have no ranges")
    return value
