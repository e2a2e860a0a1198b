"""Progress of a sweep on stderr: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from tilewright.sim.progress import PLAIN_INTERVAL_S, QUIET_S
from tilewright.sim.report.units import counted

LEAST_BAR, GAPS = 4, 2
"""Columns of a terminal that bar and gaps take at least."""


class Meter:
    """Counts points. To be used as a context manager."""

    def __init__(self, console: Console, title: str, total: int) -> None:
        self._console = console
        self._title = title
        self._total = total
        self._done = 0
        self._not_ok: dict[str, int] = {}
        self._started = time.monotonic()
        self._said = self._started - PLAIN_INTERVAL_S + QUIET_S
        self._said_at = 0
        self._first: float | None = None
        self._bar: Progress | None = None

    def __enter__(self) -> Meter:
        if self._console.is_terminal:
            # The bar takes what the text leaves of a line, so that no line is wrapped.
            bar = BarColumn(None, table_column=Column(ratio=1))
            columns = (TextColumn("{task.description}"), bar, _Counts(self))
            self._bar = Progress(*columns, console=self._console, transient=True, expand=True)
            self._bar.add_task(self._title, total=self._total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()
        elif self._done > self._said_at:
            self._say()

    def expect(self, more: int) -> None:
        """More points are to come."""
        self._total += more
        if self._bar:
            self._bar.update(self._bar.task_ids[0], total=self._total)

    def count(self, status: str) -> None:
        """A point is done."""
        self._done += 1
        # Workers take a while to start, which says nothing about the rate.
        self._first = self._first or time.monotonic()
        if status != "ok":
            self._not_ok[status] = self._not_ok.get(status, 0) + 1
        if self._bar:
            self._bar.advance(self._bar.task_ids[0])
        elif time.monotonic() - self._said >= PLAIN_INTERVAL_S:
            self._say()

    def fitting(self) -> str:
        """As much of `line` as the terminal has room for beside title and bar."""
        room = self._console.width - len(self._title) - LEAST_BAR - GAPS
        parts = self._parts()
        # The rate goes first, then the time; how many points are done stays.
        while len(parts) > 1 and len(", ".join(parts)) > room:
            parts.pop(1)
        return ", ".join(parts)

    def line(self) -> str:
        """Points, rate, time left, points that are not ok."""
        return ", ".join(self._parts())

    def _parts(self) -> list[str]:
        now = time.monotonic()
        parts = [f"{self._done:,} of {counted(self._total, 'point')}"]
        if self._done == self._total:
            seconds = max(now - self._started, 1e-3)
            parts += [_rate(self._done / seconds), _duration(seconds)]
        elif self._first and now > self._first and self._done > 1:
            rate = (self._done - 1) / (now - self._first)
            parts += [_rate(rate), f"{_duration((self._total - self._done) / rate)} left"]
        parts += [f"{count:,} {status}" for status, count in sorted(self._not_ok.items())]
        return parts

    def _say(self) -> None:
        self._said = time.monotonic()
        self._said_at = self._done
        self._console.print(
            f"{self._title}: {self.line()}", markup=False, highlight=False, soft_wrap=True
        )


class _Counts(ProgressColumn):
    """The meter's line."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def render(self, task: Task) -> Text:
        """For rich."""
        return Text(self._meter.fitting(), style="cyan", no_wrap=True)


def _rate(points_per_s: float) -> str:
    if points_per_s >= 1:
        return f"{_three_digits(points_per_s)} points/s"
    return f"{_three_digits(60 * points_per_s)} points/min"


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.0f} s"
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours} h {rest // 60:02d} min"
    return f"{rest // 60} min {rest % 60:02d} s"
