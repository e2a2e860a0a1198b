"""Runs a program of a hardware flow: its log, what it is doing, its own error."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.tools.process import running

Note = Callable[[str], None]
"""Is told what a tool is doing."""

TAIL_LINES = 15

# Lines of a log that say what is going on.
_STAGE = re.compile(r"^(?:[\d.]+ Executing (.+?) pass|Info: +(\S.*))")
# What nextpnr's router prints in between: a table whose last column but the times is what remains.
_ROUTED = re.compile(r"^Info: +\d+ \|[^|]*\|[^|]*\| *(\d+)\|")
_ERROR = re.compile(r"^(?:ERROR: |.*\berror: )", re.IGNORECASE)


def run_tool(
    command: Sequence[str],
    log: Path,
    who: str,
    note: Note = lambda _: None,
    folder: Path | None = None,
) -> None:
    """Runs ``command`` in ``folder``, or the log's; WebAssembly sees files below it only.

    All that it prints goes into ``log``. ``who`` is its name in messages; ``note`` is called with
    each stage that it prints. Raises TilewrightError with its own error when it fails.
    """
    with running(command, folder or log.parent) as process, log.open("w", buffering=1) as file:
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            if routed := _ROUTED.match(line):
                note(f"routing, {int(routed[1]):,} connections left")
            elif stage := _STAGE.match(line):
                note((stage[1] or stage[2])[:60])
    if process.returncode:
        raise TilewrightError(
            f"{who} failed (exit status {process.returncode}): {_error(log)}\nIts log is {log}"
        )


def _error(log: Path) -> str:
    """The tool's own words: its errors, or the end of its log when it names none."""
    lines = log.read_text().splitlines()
    errors = [line for line in lines if _ERROR.match(line)]
    return "\n".join(errors[:TAIL_LINES] or lines[-TAIL_LINES:])
