"""Says on stderr what is going on, so that a long step never looks hung."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.text import Text

from tilewright.hw.spec.quoted import message

QUIET_S = 2.0
"""Steps shorter than this leave no line behind."""

PLAIN_INTERVAL_S = 15.0
"""How often a running step is mentioned again where the terminal cannot be redrawn."""

_LINE_WIDTH = 120
"""Columns of a line that is told."""


class Step:
    """A step under way. `detail` may be set from any thread; it follows the step's name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.detail = ""
        self.started = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def line(self) -> str:
        """What to show now."""
        return self._doing() + self._since()

    def fitting(self, columns: int) -> Text:
        """The same in so many columns of a terminal: the end of the detail gives way."""
        doing, since = Text(self._doing()), self._since()
        doing.truncate(max(columns - len(since), 1), overflow="ellipsis")
        return doing.append(since)

    def _doing(self) -> str:
        return message(self.name + (f": {self.detail}" if self.detail else ""))

    def _since(self) -> str:
        return f" ({self.elapsed_s:.0f} s)"


class Progress:
    """Reports steps on a console: a live line in a terminal, plain lines elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)

    @contextmanager
    def step(self, name: str) -> Generator[Step]:
        """Show `name` while the block runs."""
        step = Step(name)
        with _Ticker(self, step):
            yield step
        if step.elapsed_s >= QUIET_S:
            self.note(f"{name}: {step.elapsed_s:.1f} s", style="dim")

    def note(self, text: str, style: str = "") -> None:
        """A line of its own."""
        line = message(text)
        self.console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def silent() -> Progress:
    """Progress that nobody sees: for what runs inside another program."""
    return Progress(Console(stderr=True, quiet=True))


def told_to(listener: Callable[[str], object]) -> Progress:
    """Progress line by line to whoever wants to know it."""
    return Progress(Console(file=_Lines(listener), width=_LINE_WIDTH, color_system=None))


class _Lines(io.StringIO):
    """A file whose lines are told."""

    def __init__(self, listener: Callable[[str], object]) -> None:
        super().__init__()
        self._listener = listener
        self._begun = ""

    def write(self, text: str, /) -> int:
        """As files do."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._listener(line)
        return len(text)


class _Ticker:
    """Redraws the step's line from a thread until the block ends."""

    def __init__(self, progress: Progress, step: Step) -> None:
        self._progress = progress
        self._step = step
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        if self._progress.console.is_terminal:
            self._redraw()
            return
        wait = QUIET_S
        while not self._stop.wait(wait):
            self._progress.note(f"{self._step.line()} ...")
            wait = PLAIN_INTERVAL_S

    def _redraw(self) -> None:
        if self._stop.wait(0.2):
            return
        with Status("", console=self._progress.console) as status:
            while True:
                # The spinner and its gap take two columns.
                status.update(self._step.fitting(self._progress.console.width - 2))
                if self._stop.wait(0.2):
                    return
