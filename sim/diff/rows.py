"""A difference as texts, for every form of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tilewright.sim.diff.difference import Difference, LayerPair, Number, Pair
from tilewright.sim.report.units import ABSENT, percent, quantity

Row = tuple[str, str, str, str]
"""Name, A, B, change."""

TIMES = 10
"""From so many times as much on, a change is told in times, not in percent."""


def whole(value: Number) -> str:
    """A count."""
    return ABSENT if value is None else f"{round(value):,}"


def joules(value: Number) -> str:
    """An energy."""
    return quantity(value, "J")


def seconds(value: Number) -> str:
    """A time."""
    return quantity(value, "s")


def relative(pair: Pair) -> str:
    """+12.3%, x15, or = where nothing changed."""
    value = pair.relative
    if value is None:
        return ABSENT
    if value == 0:
        return "="
    if value + 1 >= TIMES:
        return f"x{value + 1:,.0f}"
    return f"{'+' if value > 0 else '-'}{100 * abs(value):.{1 if abs(value) >= 0.0005 else 3}f}%"


_TOTALS: Mapping[str, tuple[str, Callable[[Number], str]]] = {
    "cycles": ("cycles", whole),
    "latency_s": ("latency", seconds),
    "energy_j": ("energy", joules),
    "area_ge": ("area, GE", whole),
    "mac_utilisation": ("utilisation", percent),
    "macs": ("MACs", whole),
    "npu_cycles": ("cycles of the NPU", whole),
    "cpu_cycles": ("cycles of the CPU", whole),
    "read_bytes": ("bytes read", whole),
    "write_bytes": ("bytes written", whole),
    "peak_sram_bytes": ("peak of scratchpad", whole),
}


def total_rows(found: Difference) -> list[Row]:
    """The figures that one of both knows."""
    return [
        _row(title, found.total[name], text)
        for name, (title, text) in _TOTALS.items()
        if found.total[name] != Pair(None, None)
    ]


def cause_rows(found: Difference) -> list[Row]:
    """Cycles lost by cause, where there are any; the largest change first."""
    return [_row(name, pair, whole) for name, pair in _largest(found.causes)]


def energy_rows(found: Difference) -> list[Row]:
    """Energy by component; the largest change first."""
    return [_row(name.replace("_", " "), p, joules) for name, p in _largest(found.energy)]


def config_rows(found: Difference) -> list[tuple[str, str, str]]:
    """Fields of the configuration that differ."""
    return [(key, _value(a), _value(b)) for key, (a, b) in found.config.items()]


def layer_row(pair: LayerPair) -> tuple[str, ...]:
    """Layer, operator, engine, cycles of A and B, change and relative, energies and relative."""
    change = pair.cycles.change
    return (
        pair.name,
        pair.op,
        pair.engine,
        whole(pair.cycles.a),
        whole(pair.cycles.b),
        ABSENT if change is None else f"{round(change):+,}" if change else "=",
        pair.where or relative(pair.cycles),
        joules(pair.energy.a),
        joules(pair.energy.b),
        pair.where or relative(pair.energy),
    )


def remarks(found: Difference) -> list[str]:
    """What a reader must know of the comparison."""
    lines: list[str] = []
    if not found.same_network:
        lines.append("Two networks: their layers are matched by name.")
    if found.a.backend != found.b.backend:
        lines.append(f"Two backends: A by {found.a.backend}, B by {found.b.backend}.")
    if not found.config:
        lines.append("Both ran on one configuration.")
    return lines


def _row(title: str, pair: Pair, text: Callable[[Number], str]) -> Row:
    return title, text(pair.a), text(pair.b), relative(pair)


def _largest(pairs: Mapping[str, Pair]) -> list[tuple[str, Pair]]:
    some = [(name, pair) for name, pair in pairs.items() if pair.a or pair.b]
    return sorted(some, key=lambda item: -abs(item[1].change or 0))


def _value(value: object) -> str:
    if value is None:
        return ABSENT
    return str(value).lower() if isinstance(value, bool) else str(value)
