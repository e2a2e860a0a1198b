"""Where reports are printed."""

from __future__ import annotations

import sys

from rich.console import Console

PIPED_WIDTH = 120
"""Columns of a report where nobody's terminal sets them."""


def report_console() -> Console:
    """Standard output, as wide as the terminal; `PIPED_WIDTH` where it is none."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
